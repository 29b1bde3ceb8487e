"""Volumes of S3 that are copies: what appears in the bucket later is not seen."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from embedded_aws.eks.pod_root import VolumeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from embedded_aws.eks.mountpoint import Mount


class BucketCopies:
    """The copies on one node, made where buckets cannot be mounted. They go with the node's files."""

    def __init__(self, root: Path, fill: Callable[[Mount, Path], None]) -> None:
        """Makes none yet.

        Args:
            root: where on this machine the files are that the node has of its own, below their paths there.
            fill: copies what a mount shows into a directory; raises VolumeError.
        """
        self._root, self._fill = root, fill

    def publish(self, mount: Mount, target: str) -> None:
        """Make a copy, if it is not there yet.

        Raises:
            VolumeError: it cannot be made.
        """
        path = self._root / target.lstrip("/")
        if path.exists():
            return
        partial = path.with_name(f"{path.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            self._fill(mount, partial)
            partial.rename(path)
        except (OSError, VolumeError) as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise VolumeError(str(error)) from error

    def unpublish(self, target: str) -> None:
        """Remove a copy."""
        shutil.rmtree(self._root / target.lstrip("/"), ignore_errors=True)
