"""leases/<holder>.json: the version that one stack serves, and those before, which a rollback may return to.

`lease.schema.json` describes it. Custom resources hold leases: the one that has a model built, for all endpoints of its
stack, and the one that fits an imported model to its endpoint. Pruning removes no version that a lease names.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .. import aws
from ..errors import ModelError
from ..stack_status import has_settled
from ..store import Store

SCHEMA_VERSION = 1


def is_holder(properties: dict[str, Any]) -> bool:
    """Tell whether a custom resource holds a lease."""
    return properties.get("Lease") == "true"


def hold(event: dict[str, Any], manifest_key: str, replaced: str = "") -> None:
    """Write that a stack is about to serve a version, beside the version before.

    Deployments that failed and were not rolled back may have left endpoints at any version since the last one that
    succeeded: the lease keeps them all.

    Write the lease before you read whether the version was removed: pruning announces a removal before it reads leases,
    so that one of the two always notices the other.

    Args:
        event: CloudFormation's request.
        manifest_key: The manifest of the version.
        replaced: The manifest that the resource named before this request; empty if unknown, then the lease has it.
    """
    properties = event["ResourceProperties"]
    store, prefix = Store(properties["Bucket"]), prefix_of(manifest_key)

    def changed(content: bytes | None) -> str:
        lease = _parse(content) or {"serves": "", "before": []}
        earlier = dict.fromkeys((replaced, lease["serves"], *lease["before"]))
        before = [key for key in earlier if key != manifest_key and key.startswith(f"{prefix}/")]
        # One is what a rollback returns to.
        return _document(event, manifest_key, before[:1] if before[1:] and has_settled(event["StackId"]) else before)

    try:
        aws.patiently(lambda: store.write(_path(event, prefix), changed))
    except ClientError as error:
        if not aws.is_denied(error):
            raise
        lease = _parse(store.read(_path(event, prefix))) or {"serves": "", "before": []}
        if manifest_key in {lease["serves"], *lease["before"]}:
            print(f"the lease cannot be written, but names the version already: {aws.sentence_of(error)}")
            return
        raise ModelError(
            f"the lease {store.address(_path(event, prefix))}, which keeps the served version from being pruned, "
            f"cannot be written ({aws.sentence_of(error)}): allow s3:PutObject there, or import the model with "
            "lease: false if nothing prunes its versions"
        ) from error


def release(event: dict[str, Any], prefix: str) -> None:
    """Write that a deleted resource serves nothing. A deletion does not fail because that fails."""
    store = Store(event["ResourceProperties"]["Bucket"])
    path = _path(event, prefix)
    try:
        if store.exists(path):
            store.write(path, lambda _: _document(event, "", []))
    except (ClientError, BotoCoreError, ModelError) as error:
        print(f"the lease {store.address(path)} stays, and keeps its versions until it is deleted: {error}")


def leased_versions(store: Store, prefix: str) -> dict[int, str]:
    """Return why each leased version of a model is kept, by its number.

    Raises:
        ModelError: A lease cannot be read, so what it keeps is unknown.
    """
    reasons: dict[int, str] = {}
    for path in sorted(store.sizes(f"{prefix}/leases/")):
        lease = _parse(store.read(path))
        if lease is None:
            raise ModelError(
                f"{store.address(path)} is not a lease as a deployment writes it, so nothing is pruned: delete it if "
                "no stack serves this model by it, otherwise deploy that stack again with a changed model"
            )
        named = [(lease["serves"], "serves it"), *((key, "served it before, or tried to") for key in lease["before"])]
        for key, says in named:
            if key.startswith(f"{prefix}/"):
                reasons.setdefault(version_of(key), f"the stack {lease['stackId']} {says}")
    return reasons


def tell_deleted(store: Store, prefix: str) -> None:
    """Log leases that somebody has deleted: a deployment only writes that it serves nothing."""
    for path, when in store.deleted(f"{prefix}/leases/").items():
        print(
            f"the lease {store.address(path)} was deleted at {when}, so it keeps no version from being pruned: remove "
            "its delete marker if a stack serves this model by it"
        )


def prefix_of(manifest_key: str) -> str:
    """Return the prefix of a model by the key of a manifest, `<prefix>/<format>/<version>/manifest.json`."""
    return manifest_key.rsplit("/", 3)[0]


def version_of(manifest_key: str) -> int:
    """Return the number of a version by the key of its manifest."""
    number = manifest_key.split("/")[-2:-1]
    if not number or not number[0].isdecimal():
        raise ModelError(f"{manifest_key!r} is not the key of a manifest: <prefix>/<format>/<version>/manifest.json")
    return int(number[0])


def _path(event: dict[str, Any], prefix: str) -> str:
    holder = hashlib.sha256(f"{event['StackId']}/{event['LogicalResourceId']}".encode()).hexdigest()[:16]
    return f"{prefix}/leases/{holder}.json"


def _document(event: dict[str, Any], serves: str, before: list[str]) -> str:
    document = {
        "schemaVersion": SCHEMA_VERSION,
        "stackId": event["StackId"],
        "logicalId": event["LogicalResourceId"],
        "serves": serves,
        "before": before,
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _parse(content: bytes | None) -> dict[str, Any] | None:
    try:
        document = json.loads(content or b"")
        whole = {"stackId", "serves", "before"} <= document.keys() and isinstance(document["before"], list)
    except (ValueError, AttributeError):
        return None
    return document if whole else None
