"""The output directory of a run. Replaces only the files of an earlier run, because others may be the user's."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from ..documents.draft import (
    CHECKSUMS_FILE,
    DRAFT_FILE,
    GOLDEN_FILE,
    MODEL_DIRECTORY,
    OUTCOME_FILE,
    REPORT_DIRECTORY,
    SERVER_DIRECTORY,
    Draft,
    forget_model,
)
from ..documents.outcome import Outcome
from ..errors import BadInputError
from ..sources.detect import models_below

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ..documents.document import Document

Kind = TypeVar("Kind", bound="Document")

#: Exists while a run is in progress. Files next to it may be incomplete, and are ours.
UNFINISHED_FILE = f"{OUTCOME_FILE}.part"
_REMOVED = (MODEL_DIRECTORY, SERVER_DIRECTORY)


def check_output(output: Path, inputs: Iterable[Path]) -> None:
    """Reject a directory in which a run would remove or overwrite files that no run has written.

    Args:
        output: The directory.
        inputs: Files that the run reads.

    Raises:
        BadInputError: Files would be lost.
    """
    for path in inputs:
        if _would_be_removed(path, output):
            raise BadInputError(
                f"{path} is in what a run replaces in {output} ({' and '.join(_REMOVED)}): give another directory for "
                "the output"
            )
    foreign = _foreign(output)
    if foreign:
        raise BadInputError(
            f"{output} holds {', '.join(foreign)}, which no run has made and a run would replace: give another "
            "directory for the output, or move them away"
        )


@contextmanager
def held(output: Path) -> Iterator[None]:
    """Keep other runs from a directory, which is made if it does not exist.

    Raises:
        BadInputError: Another run writes into it.
    """
    output.mkdir(parents=True, exist_ok=True)
    directory = os.open(output, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Some file systems have no locks.
        with suppress(OSError):
            try:
                fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadInputError(
                    f"another run writes into {output}; wait until it has ended, or give another directory for the "
                    "output"
                ) from None
        yield
    finally:
        os.close(directory)


def begin_output(output: Path) -> None:
    """Remove the results of an earlier run, so that publish finds a complete model or none."""
    output.mkdir(parents=True, exist_ok=True)
    (output / UNFINISHED_FILE).touch()
    (output / OUTCOME_FILE).unlink(missing_ok=True)
    forget_model(output)


def write_outcome(output: Path, outcome: Outcome) -> None:
    """Write OUT/outcome.json atomically."""
    unfinished = output / UNFINISHED_FILE
    try:
        unfinished.write_text(outcome.to_json(), encoding="utf-8")
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    os.replace(unfinished, output / OUTCOME_FILE)  # noqa: PTH105 - a Path has no atomic replace across types of file


def _would_be_removed(path: Path, output: Path) -> bool:
    place, resolved = output.resolve(), path.resolve()
    if resolved == place or resolved in place.parents:
        # A model is searched for in a directory, and may be the output of an earlier run.
        models = models_below(resolved)
        return bool(models) and all(_is_removed(model, place) for model in models)
    return _is_removed(resolved, place)


def _is_removed(path: Path, output: Path) -> bool:
    return any(path.is_relative_to(output / name) for name in _REMOVED)


def _foreign(output: Path) -> list[str]:
    """Return the files that are in the way."""
    links = [name for name in _REMOVED if (output / name).is_symlink()]
    if links or (output / UNFINISHED_FILE).exists():
        return links
    draft, outcome = _read(output / DRAFT_FILE, Draft), _read(output / OUTCOME_FILE, Outcome)
    made = {
        MODEL_DIRECTORY: draft is not None,
        SERVER_DIRECTORY: draft is not None and draft.server is not None,
        DRAFT_FILE: draft is not None,
        GOLDEN_FILE: draft is not None,
        OUTCOME_FILE: outcome is not None,
        REPORT_DIRECTORY: outcome is not None,
        CHECKSUMS_FILE: draft is not None,
    }
    return [name for name, ours in made.items() if not ours and (output / name).exists()]


def _read(file: Path, kind: type[Kind]) -> Kind | None:
    try:
        return kind.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None
