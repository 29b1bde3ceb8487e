"""Versions that a `ModelDelivery` asks a build to serve.

The property `Serve` is `built`, or the versions to go back to: `[{"bucket", "manifestKey", "manifestSha256"}]`, of all
models of the delivery. A version that is named is served as it was published, and nothing is built.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from ..store import Store
from .manifests import read_manifest
from .published import published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Value of the property if the version is to be served that is built from the delivery's source.
BUILT = "built"
#: Value of the delivery's source before the first upload.
_NOTHING = "none"


def find_named(
    properties: dict[str, Any], is_rollback: Callable[[], bool] = lambda: False
) -> tuple[str, dict[str, str]] | None:
    """Return the version that a delivery names for a model, as its build key and its record.

    None if it names none: then the version built from the delivery's source is to be served.
    """
    store, prefix = Store(properties["Bucket"]), properties["Model"]
    job = json.loads(properties["Job"])
    for named in _named(str(properties.get("Serve", BUILT))):
        key = str(named["manifestKey"])
        if (named["bucket"], key.rpartition("/")[0].rpartition("/")[0]) == (store.bucket, f"{prefix}/{job['format']}"):
            manifest, sha256 = read_manifest(store, key, str(named["manifestSha256"]), is_rollback)
            _refuse_misfit(store.address(key), manifest, job)
            return str(manifest["buildKey"]), published(store, key, sha256, manifest)
    return None


def refuse_missing_upload(properties: dict[str, Any]) -> None:
    """Fail if nothing was uploaded to a delivery yet, which a build would report later and less clearly."""
    source = json.loads(properties["Job"])["source"]
    if "Serve" in properties and source["identity"].get("objectVersion") == _NOTHING:
        location = source["location"]
        raise ModelError(
            f"nothing was uploaded yet: upload a model to s3://{location['bucket']}/{location['key']}, wait until the "
            "delivery's state machine has taken it, and deploy this stack again"
        )


def _named(text: str) -> Iterator[dict[str, Any]]:
    if text == BUILT:
        return
    try:
        yield from json.loads(text)
    except (ValueError, TypeError) as error:
        raise ModelError(
            f"the delivery's parameter of what to serve must be {BUILT!r} or a JSON list of manifests, got {text!r}: "
            "let its state machine write it"
        ) from error


def _refuse_misfit(address: str, manifest: dict[str, Any], job: dict[str, Any]) -> None:
    """Fail if a version cannot replace the job's model: nothing later in the stack may expect another architecture."""
    if manifest.get("architecture") != job["architecture"]:
        raise ModelError(
            f"{address}, which the delivery asks for, is for the architecture {manifest.get('architecture')}, and "
            f"{job['architecture']} is asked for now: deliver a newer version"
        )
