"""Reads a .jsonl file: each line is a REST body for TensorFlow Serving, with a `label`."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..hints import Hint
from ..signatures.fixed import BATCH
from ..signatures.spec import STRING
from .dataset import ACCEPTED

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ..signatures import SignatureSpec

_MEMBERS = {"instances", "inputs", "label", "signature_name"}


def read_json_lines(
    file: Path, signature: SignatureSpec, shapes: dict[str, list[int | None] | None], *, batched: bool | None
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Return inputs and labels by name; each row of a body is a sample.

    Args:
        file: The file.
        signature: The signature of the bodies.
        shapes: The inputs' complete shapes, as far as they are known.
        batched: Whether dimension 0 of the inputs is the batch; None if unknown.

    Raises:
        BadInputError: A line is not such a body; the message has its number.
    """
    rows: dict[str, list[Any]] = {name: [] for name in signature.inputs}
    labels: dict[str, list[Any]] = {}
    with_label = 0
    count = 0
    in_rows = _in_rows(list(shapes.values()), batched=batched)
    try:
        with file.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                if not line.strip():
                    continue
                place = f"{file.name}, line {number}"
                body = _body(place, line)
                samples = _samples(place, body, signature, in_rows=in_rows)
                for name, spec in signature.inputs.items():
                    if spec.dtype == STRING:
                        _check_text(place, name, [sample[name] for sample in samples])
                    rows[name] += [sample[name] for sample in samples]
                count += 1
                if "label" in body:
                    with_label += 1
                    _add_labels(place, body["label"], len(samples), signature, labels)
    except UnicodeDecodeError as error:
        raise BadInputError(
            f"{file.name} is not a text in UTF-8 ({error.reason} at byte {error.start}); give {ACCEPTED}"
        ) from error
    if with_label not in (0, count):
        raise BadInputError(f"{file.name}: {with_label} of {count} lines have a label; label all of them, or none")
    inputs = {name: _array(file, name, values, signature.inputs[name].dtype) for name, values in rows.items()}
    return inputs, {name: _label_array(file, values) for name, values in labels.items()}


def _body(place: str, line: str) -> dict[str, Any]:
    try:
        body = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInputError(f"{place} is not JSON ({error.msg} at column {error.colno}); give {ACCEPTED}") from error
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{place} has a number with too many digits, or too many lists in each other") from error
    if not isinstance(body, dict) or ("instances" in body) == ("inputs" in body) or not set(body) <= _MEMBERS:
        members = ", ".join(sorted(body)) if isinstance(body, dict) else type(body).__name__
        raise BadInputError(
            f'{place} has {members or "nothing"}; a line is a REST body with "instances" or "inputs", and a "label"'
        )
    return body


def _samples(place: str, body: dict[str, Any], signature: SignatureSpec, *, in_rows: bool) -> list[dict[str, Any]]:
    requested = body.get("signature_name") or signature.name
    if requested != signature.name:
        raise BadInputError(
            f"{place} is for the signature {requested!r}, but the model is evaluated on {signature.name!r}"
        )
    names = list(signature.inputs)
    if "instances" in body:
        instances = body["instances"]
        if not isinstance(instances, list) or not instances:
            raise BadInputError(f'{place}: "instances" must be a list with at least one instance')
        return [_instance(place, instance, names) for instance in instances]
    inputs = body["inputs"]
    if not isinstance(inputs, dict) or (len(names) == 1 and set(inputs) == {"b64"}):
        inputs = {names[0]: inputs} if len(names) == 1 else {}
    if set(inputs) != set(names):
        raise BadInputError(
            f'{place}: "inputs" has {", ".join(sorted(inputs)) or "no names"}, expected {", ".join(names)}'
        )
    if in_rows and all(isinstance(value, list) for value in inputs.values()):
        counts = {len(value) for value in inputs.values()}
        if len(counts) != 1:
            raise BadInputError(f'{place}: the inputs in "inputs" differ in their number of rows')
        return [{name: inputs[name][row] for name in names} for row in range(counts.pop())]
    return [inputs]


def _in_rows(shapes: list[list[int | None] | None], *, batched: bool | None) -> bool:
    """Say whether columns are split into rows: there is a batch, or a 1 in its place, that a sample may omit."""
    may_be_rows = (1,) if batched is False else (None, BATCH, 1)
    return batched is True or all(shape and shape[0] in may_be_rows for shape in shapes)


def _instance(place: str, instance: Any, names: list[str]) -> dict[str, Any]:
    if isinstance(instance, dict) and set(instance) != {"b64"}:
        if set(instance) != set(names):
            raise BadInputError(
                f"{place}: an instance has {', '.join(sorted(instance)) or 'nothing'}, expected {', '.join(names)}"
            )
        return instance
    if len(names) != 1:
        raise BadInputError(f"{place}: an instance must name the inputs {', '.join(names)}")
    return {names[0]: instance}


def _add_labels(place: str, label: Any, count: int, signature: SignatureSpec, labels: dict[str, list[Any]]) -> None:
    if isinstance(label, dict):
        unknown = sorted(set(label) - set(signature.outputs))
        if unknown:
            raise BadInputError(
                f"{place}: labels for {', '.join(map(repr, unknown))}, but the outputs are "
                f"{', '.join(map(repr, signature.outputs))}"
            )
        by_output = label
    elif len(signature.outputs) == 1:
        by_output = {next(iter(signature.outputs)): label}
    else:
        raise BadInputError(f'{place}: the model has several outputs; write "label": {{"<output>": …}}')
    for name, value in by_output.items():
        if count > 1 and (not isinstance(value, list) or len(value) != count):
            raise BadInputError(
                f"{place}: {count} rows need a list of {count} labels; if they are one sample, give the input's whole "
                "shape",
                Hint.INPUT_SHAPES,
            )
        # A body of one row may have a list of one label, as bodies of several rows have one of several.
        listed = isinstance(value, list) and len(value) == count
        labels.setdefault(name, []).extend(value if listed else [value])


def _array(file: Path, name: str, values: list[Any], dtype: str) -> NDArray[Any]:
    plain = [_decoded(file, value) for value in values]
    try:
        array = np.array(plain, dtype=object if dtype == STRING else None)
    except ValueError:
        array = None
    # NumPy keeps ragged objects as lists.
    if array is None or (dtype == STRING and any(isinstance(entry, list) for entry in array.ravel())):
        raise BadInputError(f"{file.name}: the samples of input {name!r} differ in shape, or a row is ragged")
    return array


def _check_text(place: str, name: str, value: Any) -> None:
    """Reject values that are not text: a number converted to text would be another input than intended."""
    if isinstance(value, list):
        for inner in value:
            _check_text(place, name, inner)
    elif not isinstance(value, str) and not (isinstance(value, dict) and set(value) == {"b64"}):
        raise BadInputError(
            f"{place}: input {name!r} has the value {json.dumps(value)[:100]}, but the model takes strings; write a "
            'string, or {"b64": "…"} for bytes'
        )


def _decoded(file: Path, value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"b64"}:
        try:
            return base64.b64decode(value["b64"], validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise BadInputError(f'{file.name}: a "b64" value is not Base64 ({error})') from error
    if isinstance(value, list):
        return [_decoded(file, inner) for inner in value]
    return value


def _label_array(file: Path, values: list[Any]) -> NDArray[Any]:
    try:
        return np.array(values)
    except ValueError as error:
        raise BadInputError(f"{file.name}: the labels differ in shape") from error
