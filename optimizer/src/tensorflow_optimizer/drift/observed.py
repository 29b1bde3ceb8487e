"""Takes the features of captured requests."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.profile import Direction
from ..signatures.spec import STRING
from .features import values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from ..documents.captured_request import CapturedRequest
    from ..documents.profile import Profile, ProfiledTensor

    Array = NDArray[Any]


class _UnfitError(Exception):
    """A request or an answer does not have the profiled tensors."""


@dataclass
class Observed:
    """The features of the captured samples."""

    values: list[Array]
    """Values of each feature of the profile, in its order."""
    samples: int = 0
    requests: int = 0
    other_versions: int = 0
    """Requests that another version than the profiled one answered."""
    other_signatures: int = 0
    unfit: int = 0
    """Requests whose tensors do not have the profiled shapes or types."""
    times: list[str] = field(default_factory=list)
    """Time of the oldest and the newest request; empty without one."""


def observe(profile: Profile, version: int | None, requests: Iterable[CapturedRequest]) -> Observed:
    """Return the features of captured requests.

    Args:
        profile: What is expected.
        version: Number of the profiled version; None if it is not known, and requests to all versions count.
        requests: The captured requests, in any order.
    """
    observed = Observed([])
    parts: list[list[Array]] = [[] for _ in profile.features]
    for request in requests:
        if version is not None and request.model_version != version:
            observed.other_versions += 1
            continue
        if request.signature_name != profile.signature:
            observed.other_signatures += 1
            continue
        try:
            tensors = _tensors(profile, request)
        except _UnfitError:
            observed.unfit += 1
            continue
        observed.requests += 1
        observed.samples += len(next(iter(next(iter(tensors.values())).values())))
        time = f"{request.time:%Y-%m-%dT%H:%M:%SZ}"
        observed.times = [min([*observed.times, time]), max([*observed.times, time])]
        for feature, part in zip(profile.features, parts, strict=True):
            part.append(values_of(feature, tensors[feature.direction][feature.tensor]))
    observed.values = [np.concatenate(part) if part else np.empty(0) for part in parts]
    return observed


def _tensors(profile: Profile, record: CapturedRequest) -> dict[Direction, dict[str, Array]]:
    asked = {
        Direction.INPUT: _columns(record.request, "instances", ("inputs", "data"), profile.inputs),
        Direction.OUTPUT: _columns(record.answer, "predictions", ("outputs", "prediction"), profile.outputs),
    }
    if profile.batched and "data" in record.request:
        asked[Direction.INPUT] = {name: [value] for name, value in asked[Direction.INPUT].items()}
    tensors = {Direction.INPUT: profile.inputs, Direction.OUTPUT: profile.outputs}
    arrays = {
        direction: {
            name: _array(value, tensors[direction][name], batched=profile.batched) for name, value in columns.items()
        }
        for direction, columns in asked.items()
    }
    if len({len(array) for group in arrays.values() for array in group.values()}) != 1:
        raise _UnfitError
    return arrays


def _columns(
    body: Mapping[str, Any], rows_member: str, column_members: tuple[str, ...], tensors: Mapping[str, ProfiledTensor]
) -> dict[str, Any]:
    """Return the values by tensor, as TensorFlow Serving reads rows and columns."""
    names = list(tensors)
    if rows_member in body:
        rows = body[rows_member]
        if not isinstance(rows, list) or not rows:
            raise _UnfitError
        if all(_is_named(row) and set(row) == set(names) for row in rows):
            return {name: [row[name] for row in rows] for name in names}
        value = rows
    else:
        value = next(body[member] for member in column_members if member in body)
        if _is_named(value):
            if set(value) != set(names):
                raise _UnfitError
            return dict(value)
    if len(names) != 1:
        raise _UnfitError
    return {names[0]: value}


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and set(value) != {"b64"}


def _array(value: Any, tensor: ProfiledTensor, *, batched: bool) -> Array:
    """Return the samples of one tensor, dimension 0 being the sample."""
    try:
        array = np.array(_decoded(value), dtype=object if tensor.dtype == STRING else None)
    except (ValueError, binascii.Error) as error:
        raise _UnfitError from error
    if tensor.dtype == STRING:
        if not all(isinstance(entry, (str, bytes)) for entry in array.ravel()):
            raise _UnfitError
    elif array.dtype.kind not in "biuf":
        raise _UnfitError
    else:
        # Bins end between two of the tensor's numbers, and JSON has more digits than it.
        array = array.astype(np.dtype(tensor.dtype))
    for candidate in (array, array[np.newaxis]) if batched else (array[np.newaxis],):
        if candidate.ndim == len(tensor.shape) + 1 and all(
            size in {-1, there} for size, there in zip(tensor.shape, candidate.shape[1:], strict=True)
        ):
            return candidate
    raise _UnfitError


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) != {"b64"}:
            raise ValueError
        return base64.b64decode(str(value["b64"]), validate=True)
    return [_decoded(entry) for entry in value] if isinstance(value, list) else value
