"""Takes what `run` left out of its output directory, once, before anything of it is published.

The directory may be written by others than the supervisor: a process that a model left behind, or a person. So nothing
in it is opened by following a link, only known names are taken, only regular files with one name, up to a size. Each is
copied, and its digest computed, from one open descriptor; what is uploaded is the copy, which nobody else can reach.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
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
from ..server_binary.take import PROGRAM
from ..storage.checksums import parse_checksums

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REPORT_FILES = tuple(
    f"{REPORT_DIRECTORY}/{name}" for name in ("junit.xml", "model-card.md", "report.html", "report.json")
)
_MEBIBYTE = 1 << 20
#: The largest size of each file, in bytes.
_LARGEST = {
    OUTCOME_FILE: 16 * _MEBIBYTE,
    CHECKSUMS_FILE: 16 * _MEBIBYTE,
    DRAFT_FILE: 16 * _MEBIBYTE,
    GOLDEN_FILE: 1024 * _MEBIBYTE,
    PROFILE_FILE: 64 * _MEBIBYTE,
    f"{SERVER_DIRECTORY}/{PROGRAM}": 4096 * _MEBIBYTE,
    **dict.fromkeys(REPORT_FILES, 64 * _MEBIBYTE),
}
#: Most bytes of all files together, and so of one file of a model.
_LARGEST_OUTPUT = 100 << 30
_MOST_FILES = 10_000
_DEEPEST = 16
_CHUNK = 1 << 20
_SAFE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_WAY_OUT = "the output of `run` was changed; run it again"


class TakenOutput:
    """A copy of an output directory, which grows with what is taken."""

    def __init__(self, output: Path, directory: Path) -> None:
        """Take nothing yet.

        Args:
            output: The output directory of `run`.
            directory: An empty directory, which only this user may enter.
        """
        self.output = output
        self.directory = directory
        self._digests: dict[str, str] = {}
        self._size = 0
        try:
            self._root = os.open(output, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise OptimizerError(
                f"there is no directory {output} ({error.strerror}): the build ended before it could say how (its log "
                "has the reason), so there is nothing to publish"
            ) from error

    def close(self) -> None:
        """Release the output directory."""
        os.close(self._root)

    def take(self, name: str) -> bool:
        """Copy one file of a known name; False if there is none.

        Raises:
            OptimizerError: It is something else than a regular file with one name, or too large.
        """
        source = self._open(name)
        if source is None:
            return False
        try:
            facts = os.fstat(source)
            self._refuse_odd(name, facts)
            target = self.directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            digest, left = hashlib.sha256(), facts.st_size
            with target.open("xb") as copy:
                while left and (block := os.read(source, min(_CHUNK, left))):
                    digest.update(block)
                    copy.write(block)
                    left -= len(block)
            if left or os.read(source, 1):
                raise OptimizerError(f"{self.output / name} changed while it was read: {_WAY_OUT}")
            os.utime(target, ns=(facts.st_mtime_ns, facts.st_mtime_ns))
        finally:
            os.close(source)
        self._digests[name] = digest.hexdigest()
        self._size += facts.st_size
        return True

    def take_all(self) -> None:
        """Copy what OUT/SHA256SUMS lists, and compare each file with it, and those that were taken before.

        Raises:
            OptimizerError: The list or a file of it is missing, differs, or has a name that no run leaves.
        """
        if not self.take(CHECKSUMS_FILE):
            raise OptimizerError(f"{self.output / CHECKSUMS_FILE} is missing: {_WAY_OUT}")
        listed = parse_checksums((self.directory / CHECKSUMS_FILE).read_bytes())
        if not 0 < len(listed) <= _MOST_FILES:
            raise OptimizerError(
                f"{self.output / CHECKSUMS_FILE} is not a list of 1 to {_MOST_FILES} files, as `run` writes it: "
                f"{_WAY_OUT}"
            )
        _refuse_odd_names(self.output, listed)
        for name, sha256 in listed.items():
            if name not in self._digests and not self.take(name):
                raise OptimizerError(f"{self.output / name} is missing: {_WAY_OUT}")
            if self._digests[name] != sha256:
                raise OptimizerError(
                    f"{self.output / name} has the SHA-256 {self._digests[name]}, and the run left {sha256}: {_WAY_OUT}"
                )
        if unlisted := sorted(self._digests.keys() - listed.keys() - {CHECKSUMS_FILE}):
            raise OptimizerError(f"{self.output / unlisted[0]} is not a file that the run left: {_WAY_OUT}")

    def leave(self, name: str, content: bytes) -> None:
        """Write a file into the output directory, in the place of whatever has its name; a link is not followed."""
        unfinished = f".{name}.{os.getpid()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with open(os.open(unfinished, flags, 0o644, dir_fd=self._root), "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(content)
            os.replace(unfinished, name, src_dir_fd=self._root, dst_dir_fd=self._root)
        except OSError as error:
            raise OptimizerError(f"{self.output / name} cannot be written: {error.strerror}") from error

    def _open(self, name: str) -> int | None:
        """Open a file without following a link at any depth; None if it or one of its directories does not exist."""
        *parents, last = name.split("/")
        directory = os.dup(self._root)
        try:
            for parent in parents:
                below = os.open(parent, _SAFE_FLAGS | os.O_DIRECTORY, dir_fd=directory)
                os.close(directory)
                directory = below
            # Without it, a named pipe would wait for its writer.
            return os.open(last, _SAFE_FLAGS | os.O_NONBLOCK, dir_fd=directory)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OptimizerError(
                f"{self.output / name} is a link, or below one, or cannot be read ({error.strerror}), and publishing "
                f"follows none: {_WAY_OUT}"
            ) from error
        finally:
            os.close(directory)

    def _refuse_odd(self, name: str, facts: os.stat_result) -> None:
        largest = min(_LARGEST.get(name, _LARGEST_OUTPUT), _LARGEST_OUTPUT - self._size)
        if not stat.S_ISREG(facts.st_mode):
            raise OptimizerError(f"{self.output / name} is not a regular file: {_WAY_OUT}")
        if facts.st_nlink != 1:
            raise OptimizerError(f"{self.output / name} has {facts.st_nlink} names (hard links): {_WAY_OUT}")
        if facts.st_size > largest:
            raise OptimizerError(
                f"{self.output / name} has {facts.st_size:,} bytes, and at most {largest:,} can be published: "
                f"{_WAY_OUT}"
            )


@contextmanager
def open_output(output: Path) -> Iterator[tuple[TakenOutput, Path]]:
    """Return an output directory to take from, and an empty directory for files that are made on the way.

    Both the copies and these files lie beside the output directory, not in it, where this user may write there.
    """
    parent = output.resolve().parent
    beside = parent if os.access(parent, os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(prefix=".publish-", dir=beside) as private:
        copies, scratch = Path(private) / "output", Path(private) / "scratch"
        copies.mkdir()
        scratch.mkdir()
        taken = TakenOutput(output, copies)
        try:
            yield taken, scratch
        finally:
            taken.close()


def _refuse_odd_names(output: Path, names: Iterable[str]) -> None:
    for name in names:
        parts = name.split("/")
        is_model = parts[0] == MODEL_DIRECTORY and 2 <= len(parts) <= _DEEPEST
        is_plain = all(part not in {"", ".", ".."} and not re.search(r"[\x00-\x1f\x7f]", part) for part in parts)
        if not is_plain or not (is_model or (name in _LARGEST and name != CHECKSUMS_FILE)):
            raise OptimizerError(f"{output / CHECKSUMS_FILE} lists {name!r}, which no run leaves: {_WAY_OUT}")
