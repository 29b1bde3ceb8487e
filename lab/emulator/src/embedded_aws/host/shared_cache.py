"""Makes directories once, whichever process comes first: in the cache that all embedded AWS share, or of one run."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def kept(target: Path, fill: Callable[[Path], None]) -> Path:
    """A directory that is made once, and is complete as soon as it exists.

    Args:
        target: where it stays.
        fill: puts its content into an empty directory. Several processes may do so at the same time; one's is kept.

    Returns:
        The target.
    """
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=target.parent))
        partial.chmod(0o755)
        try:
            fill(partial)
            partial.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return target
