"""Version numbers: one counter per model over all formats. No number is used twice."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from cdk_tensorflow_shared.published_versions import record_key

from ..documents.job import ModelFormat
from ..storage.storage_errors import ObjectExistsError, StorageError

if TYPE_CHECKING:
    from ..storage.s3 import Bucket

#: Maximum numbers to try: more than the number of parallel builds of one model.
_ATTEMPTS = 50


def claim_version(bucket: Bucket, prefix: str, *, build_id: str, build_key: str) -> int:
    """Reserve the next version of a model and return it.

    The claim is a conditional write: of two builds, one gets the number and the other tries the next. A claim is never
    released, even if the build fails, so a number that a reader has seen never changes its meaning. A number under
    which anything lies already, whoever left it, is claimed and passed over: nothing is written beside foreign objects,
    and they cannot keep a model from being published.
    """
    # Identify the process, so that even two processes of the same build do not take each other's claim for their own.
    claim = {"buildId": build_id, "buildKey": build_key, "process": uuid.uuid4().hex}
    content = (json.dumps(claim, sort_keys=True) + "\n").encode()
    version = _highest(bucket, prefix) + 1
    for _ in range(_ATTEMPTS):
        try:
            bucket.create(f"{prefix}/claims/{version}", content, "application/json")
        except ObjectExistsError:
            version = max(_highest(bucket, prefix), version) + 1
        else:
            if not _in_the_way(bucket, prefix, build_key, version):
                return version
            version += 1
    raise StorageError(
        f"no version of {prefix} could be claimed in {_ATTEMPTS} attempts: other builds took them all, or foreign "
        "objects lie under their numbers; publish again, which goes on from there, or use another model prefix"
    )


def _in_the_way(bucket: Bucket, prefix: str, build_key: str, version: int) -> bool:
    """Tell whether objects lie where a version would."""
    directories = [f"{prefix}/{model_format}/{version}/" for model_format in ModelFormat]
    files = [
        f"{prefix}/archive/{version}.tar.gz",
        f"{prefix}/golden/{version}.json",
        f"{prefix}/pruned/{version}.json",
        record_key(prefix, build_key, version),
    ]
    return any(bucket.list_objects(key) for key in [*directories, *files])


def _highest(bucket: Bucket, prefix: str) -> int:
    names = (item.key.rsplit("/", 1)[-1] for item in bucket.list_objects(f"{prefix}/claims/"))
    return max((int(name) for name in names if name.isascii() and name.isdecimal()), default=0)
