"""pruned/<version>.json: a version that retention has removed, or is about to remove.

`pruned.schema.json` describes it. From the moment it exists nothing new serves the version, so that no reader finds a
manifest whose files are being deleted. Numbers are never reused: the document stays as the list of what was pruned.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from cdk_tensorflow_shared.published_versions import pruned_key

from .. import aws
from ..errors import ModelError
from .leases import prefix_of, version_of

if TYPE_CHECKING:
    from ..store import Store

SCHEMA_VERSION = 1
#: State of a version that may be removed, unless the run finds that it is needed.
CONSIDERED = "CONSIDERED"
#: State of a version whose files are being deleted, or are deleted.
PRUNED = "PRUNED"
#: Age of an unfinished mark that no run will finish: Lambda ends a run after 15 minutes.
_ABANDONED_SECONDS = 3600


def is_pruned(store: Store, manifest_key: str) -> bool:
    """Tell whether a version was removed, or is about to be."""
    path = pruned_key(manifest_key)
    try:
        return path is not None and store.exists(path)
    except ClientError as error:
        # A reader of a foreign bucket that may not list these documents: the manifest then says whether it is there.
        if aws.is_denied(error):
            return False
        raise


def refuse_pruned(store: Store, manifest_key: str) -> None:
    """Fail with one sentence if a version was removed, or is about to be."""
    if not is_pruned(store, manifest_key):
        return
    path = str(pruned_key(manifest_key))
    at = (store.read_document(path) or {}).get("at", "")
    raise ModelError(
        f"version {version_of(manifest_key)} of {store.address(prefix_of(manifest_key))} was pruned by the retention "
        f"of its optimizer{f' at {at}' if at else ''} ({store.address(path)} records it): name a version that is "
        "kept, or build its model again from the source"
    )


def consider(store: Store, manifest_key: str, run: str) -> bool:
    """Announce that a version is about to be removed; False if another run is doing that.

    Args:
        store: The bucket.
        manifest_key: Key of the manifest of the version.
        run: Identifies the run: a repeated one goes on with its own announcements.
    """
    now = time.time()
    is_ours = True

    def changed(content: bytes | None) -> str:
        nonlocal is_ours
        mark = _parse(content) or {}
        is_removed = mark.get("state") == PRUNED  # a run ended before all files were deleted
        is_taken = (
            content is not None and mark.get("run") != run and now - float(mark.get("since", 0)) <= _ABANDONED_SECONDS
        )
        is_ours = is_removed or not is_taken
        return (
            (content or b"").decode("utf-8")
            if is_removed or is_taken
            else _document(manifest_key, CONSIDERED, run, now)
        )

    store.write(str(pruned_key(manifest_key)), changed)
    return is_ours


def confirm(store: Store, manifest_key: str, run: str) -> None:
    """Record that a version is removed, before the first of its files is."""
    store.write(str(pruned_key(manifest_key)), lambda _: _document(manifest_key, PRUNED, run, time.time()))


def withdraw(store: Store, manifest_key: str) -> None:
    """Take an announcement back, because the version is needed."""
    path = str(pruned_key(manifest_key))
    if (store.read_document(path) or {}).get("state") == CONSIDERED:
        aws.s3().delete_object(Bucket=store.bucket, Key=path)


def _document(manifest_key: str, state: str, run: str, now: float) -> str:
    document = {
        "schemaVersion": SCHEMA_VERSION,
        "state": state,
        "version": str(version_of(manifest_key)),
        "manifestKey": manifest_key,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "since": int(now),
        "run": run,
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _parse(content: bytes | None) -> dict[str, Any] | None:
    try:
        document = json.loads(content or b"")
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
