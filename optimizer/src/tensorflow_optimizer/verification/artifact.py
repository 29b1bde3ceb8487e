"""The files of a published version, in a bucket or in a directory."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from cdk_tensorflow_shared.signing_bundle import MANIFEST_FILE

from ..errors import BadInputError
from ..storage.buckets import open_bucket
from ..storage.digests import files_below

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..storage.s3 import Bucket


class Artifact(Protocol):
    """A version's files, by their path next to the manifest."""

    def address(self, name: str = "") -> str:
        """Return where a file is, for people."""
        ...

    @property
    def place(self) -> str | None:
        """Return the version's prefix in its bucket, without a slash at the end; None in a directory."""
        ...

    def names(self) -> list[str]:
        """Return the paths of all files."""
        ...

    @contextmanager
    def open(self, name: str) -> Iterator[Path]:
        """Return the path of a file's content, valid inside the context."""
        ...

    @contextmanager
    def open_shared(self, key: str) -> Iterator[Path | None]:
        """Return the path of the content of an object elsewhere in the bucket; None in a directory."""
        ...


class DirectoryArtifact:
    """A version in a directory of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def address(self, name: str = "") -> str:
        """Return a file's path."""
        return str(self._root / name)

    @property
    def place(self) -> None:
        """Return None."""

    def names(self) -> list[str]:
        """Return the paths of all files below the directory."""
        try:
            return [path.relative_to(self._root).as_posix() for path in files_below(self._root)]
        except ValueError as error:
            raise BadInputError(f"{self._root}: {error}, and no published version has such an entry") from error

    @contextmanager
    def open(self, name: str) -> Iterator[Path]:
        """Return a file's path."""
        yield self._root / name

    @contextmanager
    def open_shared(self, key: str) -> Iterator[Path | None]:  # noqa: ARG002 - only a bucket has it
        """Return None."""
        yield None


class BucketArtifact:
    """A version in a bucket. Each file is downloaded while it is verified, and removed afterwards."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix

    def address(self, name: str = "") -> str:
        """Return an object's S3 URI."""
        return self._bucket.address(self._prefix + name)

    @property
    def place(self) -> str:
        """Return the prefix without its slash."""
        return self._prefix.rstrip("/")

    def names(self) -> list[str]:
        """Return the keys of all objects below the version's prefix, without the prefix."""
        return [item.key.removeprefix(self._prefix) for item in self._bucket.list_objects(self._prefix)]

    @contextmanager
    def open(self, name: str) -> Iterator[Path]:
        """Download a file."""
        with self._downloaded(self._prefix + name) as path:
            yield path

    @contextmanager
    def open_shared(self, key: str) -> Iterator[Path | None]:
        """Download an object of the bucket."""
        if not any(item.key == key for item in self._bucket.list_objects(key)):
            raise BadInputError(f"there is no {self._bucket.address(key)}, which the manifest names")
        with self._downloaded(key) as path:
            yield path

    @contextmanager
    def _downloaded(self, key: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="verify-") as scratch:
            path = Path(scratch) / "content"
            self._bucket.download(key, path)
            yield path


def artifact_at(place: str) -> Artifact:
    """Return the version that an S3 URI or a path names: its directory, or its manifest.

    Raises:
        BadInputError: There is no manifest.
    """
    artifact: Artifact
    if place.startswith("s3://"):
        parts = urlsplit(place)
        prefix = parts.path.lstrip("/").removesuffix(MANIFEST_FILE).rstrip("/")
        if not parts.netloc or not prefix:
            raise BadInputError(f"{place} names no version: give s3://<bucket>/<prefix>/<format>/<version>/")
        artifact = BucketArtifact(open_bucket(parts.netloc), f"{prefix}/")
    else:
        path = Path(place)
        artifact = DirectoryArtifact(path.parent if path.name == MANIFEST_FILE else path)
    if MANIFEST_FILE not in artifact.names():
        raise BadInputError(
            f"there is no {artifact.address(MANIFEST_FILE)}: give the directory of a version, e.g. "
            "s3://<bucket>/<prefix>/litert/<version>/, or a copy of it"
        )
    return artifact
