"""Finds out which versions of a model something names, and so must not be removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .. import aws
from ..documents.kept_versions import read_refusals
from ..documents.leases import leased_versions, version_of
from ..errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..documents.kept_versions import Refusal
    from ..store import Store

#: States in which a stack serves what its leases say, and nothing is on its way.
_SETTLED = {
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
}


def why_not_now(stack_id: str) -> str:
    """Return why nothing may be removed at present; empty if the stack is settled.

    A deployment, a rollback, and a stack that is stuck in either may need versions that nothing names yet.
    """
    status = aws.cloudformation().describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
    return "" if status in _SETTLED else f"the stack {stack_id} has the status {status}"


def needed_versions(store: Store, prefix: str, parameters: Iterable[str]) -> dict[int, str]:
    """Return why each version that something names is kept, by its number.

    Args:
        store: The bucket.
        prefix: The model's prefix.
        parameters: SSM parameters that may name versions.

    Raises:
        ModelError: Something cannot be read, or there is no lease, so what is needed is unknown.
    """
    reasons = leased_versions(store, prefix)
    if not reasons:
        raise ModelError(
            f"no lease in {store.address(f'{prefix}/leases/')} names a version, so what is served is unknown and "
            "nothing is pruned: deploy the stack of the optimizer again with a changed model"
        )
    for name in parameters:
        for number in _named_versions(store, prefix, name):
            reasons.setdefault(number, f"the parameter {name} names it")
    for refusal in recorded_refusals(store, prefix):
        reasons.setdefault(int(refusal.keptVersion), "it is kept in the place of a refused model")
    return reasons


def recorded_refusals(store: Store, prefix: str) -> list[Refusal]:
    """Return every refusal of a model that kept a version."""
    paths = [path for path in store.sizes(f"{prefix}/keys/") if path.endswith("/kept.json")]
    return [refusal for path in sorted(paths) for refusal in read_refusals(store, path)]


def _named_versions(store: Store, prefix: str, name: str) -> Iterator[int]:
    """Return the versions of a model that a pointer or a delivery's parameter names."""
    try:
        value = aws.ssm().get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError as error:
        if aws.code_of(error) == "ParameterNotFound":
            return
        raise
    if value == "built":  # a delivery's, which names none
        return
    try:
        document: Any = json.loads(value)
        named = [(entry.get("bucket", store.bucket), str(entry["manifestKey"])) for entry in _listed(document)]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"the parameter {name} names no manifest ({value[:200]!r}), so what it needs is unknown and nothing is "
            "pruned: let its stack write it again"
        ) from error
    for bucket, key in named:
        if bucket == store.bucket and key.startswith(f"{prefix}/"):
            yield version_of(key)


def _listed(document: Any) -> list[Any]:
    return document if isinstance(document, list) else [document]
