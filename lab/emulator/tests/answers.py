"""Comparison of answers with the models that botocore has of every service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel, Shape

# MiniStack's own, in members that nothing reads; but the last three, which AWS sends too.
_KNOWN = (
    "StateReasonCode is 'Updating'",
    "ListLayerVersions.LayerVersions[] has ",
    "PutRecordBatch.RequestResponses[] has Encrypted",
    "CreateFunctionUrlConfig has LastModifiedTime",
    "CreateEventSourceMapping has Qualifier",
    "ResourceStatus is 'REVIEW_IN_PROGRESS'",
    "ResourceStatus is 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS'",
    "VpcEndpoints[].State is 'available'",
)
_KINDS = {"string": str, "integer": int, "long": int, "float": (int, float), "double": (int, float), "boolean": bool}


def check(http_response: Any, parsed: dict[str, Any], model: OperationModel, **_: Any) -> None:
    """Fails where an answer is not one of the service: a handler of botocore's event `after-call`."""
    shape = model.output_shape
    if http_response.status_code >= 300 or shape is None:
        return
    problems = list(_wrong(parsed, shape, model.name))
    if model.service_model.resolved_protocol in {"json", "rest-json"} and "payload" not in shape.serialization:
        problems += _untyped(json.loads(http_response.content or b"{}"), shape, model.name)
    unknown = [problem for problem in problems if not any(known in problem for known in _KNOWN)]
    assert not unknown, f"{model.service_model.service_name} {'; '.join(unknown)}"


def _wrong(value: Any, shape: Shape, place: str) -> Iterator[str]:
    """Say which members are missing, and which values are none of an enumeration: MiniStack leaves some empty."""
    if shape.type_name == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                yield f"{place} has no {name}"
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _wrong(value[name], member, f"{place}.{name}")
    elif shape.type_name == "list":
        for entry in value:
            yield from _wrong(entry, shape.member, f"{place}[]")
    elif shape.type_name == "map":
        for entry in value.values():
            yield from _wrong(entry, shape.value, f"{place}{{}}")
    elif shape.type_name == "string" and shape.enum and value and value not in shape.enum:
        yield f"{place} is {value!r}, which is none of {', '.join(shape.enum[:8])}"


def _untyped(value: Any, shape: Shape, place: str) -> Iterator[str]:
    """Say which members of an answer in JSON no model has, and which have another type."""
    if value is None:
        return
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            yield f"{place} is {value!r}, and no structure"
            return
        names = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for name, entry in value.items():
            if name in names:
                yield from _untyped(entry, names[name], f"{place}.{name}")
            elif not shape.is_document_type:
                yield f"{place} has {name}, which is no member"
    elif shape.type_name == "list":
        for entry in value:
            yield from _untyped(entry, shape.member, f"{place}[]")
    elif shape.type_name == "map":
        for entry in value.values():
            yield from _untyped(entry, shape.value, f"{place}{{}}")
    elif shape.type_name in _KINDS and not isinstance(value, _KINDS[shape.type_name]):
        yield f"{place} is {value!r}, and no {shape.type_name}"
