"""The one MiniStack that this package fits: it replaces internals, which no version promises to keep."""

from __future__ import annotations

from importlib import metadata

MINISTACK_VERSION = "1.5.33"


class WrongMiniStackError(RuntimeError):
    """MiniStack is missing, or is not the version that the replacements were written for."""


def check_ministack() -> None:
    """Refuses every MiniStack but the pinned one.

    Raises:
        WrongMiniStackError: it is missing or another version.
    """
    try:
        found = metadata.version("ministack")
    except metadata.PackageNotFoundError:
        found = "none"
    if found != MINISTACK_VERSION:
        raise WrongMiniStackError(
            f"the embedded AWS needs ministack {MINISTACK_VERSION}, found {found}: "
            "install lab/emulator/requirements.txt",
        )
