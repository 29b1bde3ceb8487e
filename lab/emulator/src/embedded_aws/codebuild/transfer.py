"""Fetches the sources of a build and uploads its artifacts."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class SourceError(RuntimeError):
    """A source that cannot be fetched."""


class ObjectStore(Protocol):
    """The part of S3's client that a build needs."""

    def get_object(self, **request: Any) -> Any:
        """GetObject."""

    def put_object(self, **request: Any) -> Any:
        """PutObject."""

    def get_paginator(self, name: str) -> Any:
        """A paginator."""


def fetch_source(source: dict[str, Any], version: str | None, s3: ObjectStore, target: Path) -> None:
    """Lays out one source of a build.

    Args:
        source: of the project, in the API's form.
        version: an S3 object version, when the build names one.
        s3: the client.
        target: an existing directory.

    Raises:
        SourceError: the object is missing, is no ZIP, or the source is of a kind that is not emulated.
    """
    kind = source.get("type") or "NO_SOURCE"
    if kind == "NO_SOURCE":
        return
    if kind != "S3":
        raise SourceError(f"the emulator does not support sources of type {kind}: it knows S3 and NO_SOURCE")
    bucket, _, key = source["location"].removeprefix("arn:aws:s3:::").partition("/")
    try:
        if key.endswith("/"):
            _fetch_folder(bucket, key, s3, target)
        else:
            request = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
            with zipfile.ZipFile(io.BytesIO(s3.get_object(**request)["Body"].read())) as archive:
                archive.extractall(target)
                _restore_modes(archive, target)
    except zipfile.BadZipFile as error:
        raise SourceError(f"s3://{bucket}/{key} is not a ZIP archive") from error
    except Exception as error:
        raise SourceError(f"s3://{bucket}/{key}: {error}") from error


def _fetch_folder(bucket: str, prefix: str, s3: ObjectStore, target: Path) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            path = target / entry["Key"].removeprefix(prefix)
            if entry["Key"].endswith("/"):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())


def _restore_modes(archive: zipfile.ZipFile, target: Path) -> None:
    for entry in archive.infolist():
        mode = (entry.external_attr >> 16) & 0o777
        if mode and not entry.is_dir():
            (target / entry.filename).chmod(mode | 0o600)


def upload_artifacts(
    artifacts: dict[str, Any], section: dict[str, Any], build_id: str, s3: ObjectStore, source: Path
) -> None:
    """Uploads what the buildspec's artifacts section names.

    Args:
        artifacts: of the project, in the API's form.
        section: of the buildspec.
        build_id: `project:uuid`, for the name space and the default name.
        s3: the client.
        source: the build's source directory.
    """
    if artifacts.get("type") != "S3":
        return
    base = source / section.get("base-directory", ".")
    patterns = section.get("files") or []
    files = sorted({path for pattern in patterns for path in _matching(base, pattern)})
    project, _, number = build_id.partition(":")
    namespace = number if artifacts.get("namespaceType") == "BUILD_ID" else ""
    name = section.get("name") or artifacts.get("name") or project
    parts = [(artifacts.get("path") or "").strip("/"), namespace, name.strip("/")]
    key = "/".join(part for part in parts if part)
    flat = str(section.get("discard-paths", "no")).lower() in {"yes", "true"}
    names = {path: path.name if flat else str(path.relative_to(base)) for path in files}
    bucket = artifacts["location"].removeprefix("arn:aws:s3:::")
    if artifacts.get("packaging") == "ZIP":
        s3.put_object(Bucket=bucket, Key=key, Body=_zip(names.items()))
        return
    for path, relative in names.items():
        s3.put_object(Bucket=bucket, Key=f"{key}/{relative}", Body=path.read_bytes())


def _matching(base: Path, pattern: str) -> list[Path]:
    found = [base / pattern] if (base / pattern).is_file() else base.glob(pattern)
    return [path for path in found if path.is_file()]


def _zip(entries: Iterable[tuple[Path, str]]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, name in entries:
            archive.write(path, name)
    return data.getvalue()
