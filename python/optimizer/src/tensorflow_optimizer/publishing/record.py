"""keys/<build key>/<version>.json: which version these inputs made. Exactly what the custom resource returns."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_pascal

from ..documents.document import sha256_of
from ..documents.manifest import Manifest
from ..errors import OptimizerError

if TYPE_CHECKING:
    from .s3 import Bucket

#: CloudFormation takes 4,096 bytes from a custom resource, and the rest of its answer is ids and addresses.
_LIMIT = 3000


class Record(BaseModel):
    """Strings only, because CloudFormation makes strings of everything; absent values are empty."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True, extra="forbid", frozen=True)

    version: str
    key_prefix: str
    manifest_key: str
    manifest_sha256: str
    checksums_sha256: str = ""
    layer_key: str = ""
    layer_object_version: str = ""
    runtime: str = ""
    archive_key: str = ""
    archive_sha256: str = ""
    golden_key: str = ""
    server_key: str = ""
    server_sha256: str = ""
    size_bytes: str
    report_key: str
    build_url: str
    summary: str

    def to_bytes(self) -> bytes:
        """Return the JSON text that is stored."""
        size = len(self.model_dump_json(by_alias=True).encode())
        if size > _LIMIT:
            raise OptimizerError(
                f"what CloudFormation has to be told of this version has {size} bytes, and it takes {_LIMIT}: "
                "use a shorter model prefix or build id"
            )
        return (self.model_dump_json(by_alias=True, indent=2) + "\n").encode()


def record_key(prefix: str, build_key: str, version: int | str) -> str:
    """Return where the record of a version lies."""
    return f"{prefix}/keys/{build_key}/{version}.json"


def find_complete(bucket: Bucket, prefix: str, build_key: str) -> Record | None:
    """Return the record that all readers follow: the lowest version whose manifest and files exist."""
    names = [one.key.rsplit("/", 1)[-1] for one in bucket.list_objects(f"{prefix}/keys/{build_key}/")]
    versions = sorted(int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdecimal())
    for version in versions:
        record = _complete(bucket, record_key(prefix, build_key, version))
        if record is not None:
            return record
    return None


def _complete(bucket: Bucket, key: str) -> Record | None:
    try:
        record = Record.model_validate_json(bucket.read(key))
    except ValidationError:
        return None
    # Listed, not asked for one by one: a role that may list a prefix only is denied what does not exist.
    directory = posixpath.dirname(record.manifest_key)
    present = {one.key: one.size for one in bucket.list_objects(f"{directory}/")}
    beside = [name for name in (record.archive_key, record.golden_key, record.server_key) if name]
    for name in beside:
        present.update({one.key: one.size for one in bucket.list_objects(name)})
    if not present.keys() >= {record.manifest_key, *beside}:
        return None
    text = bucket.read(record.manifest_key)
    if sha256_of(text) != record.manifest_sha256:
        return None
    try:
        files = Manifest.model_validate_json(text).files
    except ValidationError:
        return None  # Of another version of the optimizer.
    layer = bucket.head(record.layer_key) if record.layer_key in present else None
    if layer is not None and layer.version != record.layer_object_version:
        return None  # Deployments pin the version that the record names.
    whole = all(present.get(f"{directory}/{file.path}") == file.size for file in files if "!" not in file.path)
    return record if whole else None
