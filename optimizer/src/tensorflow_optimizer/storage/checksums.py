"""OUT/SHA256SUMS: what a run left in its output directory, so that publishing uploads exactly that.

The supervisor writes it last. Its form is that of sha256sum, which checks it too: `sha256sum --check SHA256SUMS`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..documents.draft import (
    CHECKSUMS_FILE,
    DRAFT_FILE,
    GOLDEN_FILE,
    MODEL_DIRECTORY,
    OUTCOME_FILE,
    REPORT_DIRECTORY,
    SERVER_DIRECTORY,
)
from ..documents.profile import PROFILE_FILE
from ..errors import OptimizerError
from ..sources.digest import file_digest
from .digests import files_below

if TYPE_CHECKING:
    from pathlib import Path

_FILES = (OUTCOME_FILE, DRAFT_FILE, GOLDEN_FILE, PROFILE_FILE)
_DIRECTORIES = (MODEL_DIRECTORY, SERVER_DIRECTORY, REPORT_DIRECTORY)
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n\\]+)")


def write_checksums(output: Path) -> None:
    """Write OUT/SHA256SUMS of everything that a run leaves, as it is now.

    Args:
        output: The output directory of `run`.

    Raises:
        OptimizerError: A file is a link or a device, or its name cannot be written down.
    """
    names = [name for name in _FILES if (output / name).is_file()]
    for directory in _DIRECTORIES:
        if not (output / directory).is_dir():
            continue
        try:
            files = files_below(output / directory)
        except ValueError as error:
            raise OptimizerError(f"in {output / directory}, {error}: run the job again") from error
        names += [path.relative_to(output).as_posix() for path in files]
    if odd := next((name for name in names if "\n" in name or "\\" in name), None):
        raise OptimizerError(f"{output} has a file named {odd!r}, which sha256sum cannot check: rename it in the model")
    lines = [f"{file_digest(output / name)}  {name}\n" for name in sorted(names)]
    (output / CHECKSUMS_FILE).write_text("".join(lines), encoding="utf-8")


def parse_checksums(content: bytes) -> dict[str, str]:
    """Return the SHA-256 of each file by its path; empty for anything but such a list."""
    try:
        lines = content.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        return {}
    entries = [match.groups() for line in lines if (match := _LINE.fullmatch(line))]
    whole = len(entries) == len(lines) and len({path for _, path in entries}) == len(entries)
    return {path: sha256 for sha256, path in entries} if whole else {}
