"""The predict call: TensorFlow Serving's JSON bodies in both formats, and direct invocations."""

from __future__ import annotations

from .codec import Encoded
from .description import TensorError
from .errors import RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .description import Signature
    from .model import Model

INSTANCES, INPUTS, DATA = "instances", "inputs", "data"
OUTPUTS = "outputs"


def predict(model: Model, body: Any, *, direct: bool = False) -> dict[str, Any]:
    """Answer a predict request.

    Args:
        model: The model.
        body: The parsed request.
        direct: It came without HTTP: `{"data": x}`, one instance, is allowed as well.

    Raises:
        RequestError: This model cannot answer the request.
    """
    if not isinstance(body, dict):
        raise RequestError(400, f"the request must be a JSON object with {_choice(direct)}")
    name = body.get("signature_name", "")
    if not isinstance(name, str):
        raise RequestError(400, "signature_name must be a string")
    signature = model.signature(name)
    given = [key for key in ((INSTANCES, INPUTS, DATA) if direct else (INSTANCES, INPUTS)) if key in body]
    if len(given) != 1:
        problem = f"has both {given[0]!r} and {given[1]!r}" if given else "has neither"
        raise RequestError(400, f"the request must have exactly one of {_choice(direct)}, but {problem}")
    key = given[0]
    value = body[key]
    try:
        if key == INSTANCES:
            outputs = model.predict(name, _rows_in(signature, value))
            return _classified(model, signature, outputs, {"predictions": _rows_out(signature, outputs)})
        columns = _columns_in(signature, value, key)
        if key == INPUTS:
            outputs = model.predict(name, columns)
            return _classified(model, signature, outputs, {OUTPUTS: columns_out(outputs)})
        if signature.batched:
            columns = {column: [row] for column, row in columns.items()}
        outputs = model.predict(name, columns)
        return _classified(model, signature, outputs, {"prediction": columns_out(outputs)})
    except TensorError as error:
        raise RequestError(error.status, _located(error, key, value, signature)) from error


def _rows_in(signature: Signature, rows: Any) -> dict[str, Any]:
    """Read the row format: one element per row; plain values for a single input, otherwise an object of all inputs."""
    if type(rows) is Encoded:
        return dict.fromkeys(signature.inputs, rows)
    if not isinstance(rows, list):
        raise RequestError(400, f"{INSTANCES!r} must be a list with one element per row")
    if not rows:
        raise RequestError(400, f"{INSTANCES!r} is empty; at least one row is needed")
    names = signature.inputs.keys()
    named = _is_named(rows[0])
    if not named and len(names) > 1:
        raise RequestError(400, f"each instance must be an object with the inputs {', '.join(map(repr, names))}")
    for index, row in enumerate(rows):
        if _is_named(row) is not named:
            raise RequestError(
                400, f"{INSTANCES} must be all objects or all plain values, but {INSTANCES}[{index}] differs"
            )
        if named and row.keys() != names:
            raise RequestError(
                400,
                f"{INSTANCES}[{index}] has the keys {_some(row)}, but the signature {signature.name!r} "
                f"takes {', '.join(map(repr, names))}",
            )
    if named:
        return {name: [row[name] for row in rows] for name in names}
    return dict.fromkeys(names, rows)


def _columns_in(signature: Signature, value: Any, key: str) -> dict[str, Any]:
    """Read the column format: an object of all inputs, or the plain value of a single input."""
    if _is_named(value):
        named: dict[str, Any] = value
        return named
    if len(signature.inputs) > 1:
        raise RequestError(400, f"{key!r} must be an object with the inputs {', '.join(map(repr, signature.inputs))}")
    return dict.fromkeys(signature.inputs, value)


def _rows_out(signature: Signature, outputs: dict[str, Any]) -> list[Any]:
    counts = {len(value) if isinstance(value, list) else None for value in outputs.values()}
    if len(counts) > 1 or None in counts:
        # Happens only without a batch, where TensorFlow Serving cannot answer in rows either.
        raise RequestError(
            400,
            f"the outputs of the signature {signature.name!r} do not share a batch dimension, so they cannot be "
            f"answered row by row; send {INPUTS!r} instead of {INSTANCES!r}",
        )
    if len(outputs) == 1:
        rows: list[Any] = next(iter(outputs.values()))
        return rows
    return [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]


def columns_out(outputs: dict[str, Any]) -> Any:
    """Return the column format: the plain value for a single output."""
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs


def _classified(model: Model, signature: Signature, outputs: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Add the classes of each row if the model has labels. TensorFlow Serving's clients ignore them."""
    labels = model.description.labels
    if labels:
        from .classes import classes

        best = classes(labels, signature, outputs)
        if best is not None:
            answer["classes"] = best
    return answer


def _is_named(value: Any) -> bool:
    """Say whether this is an object of inputs rather than the object that stands for bytes."""
    return isinstance(value, dict) and not (len(value) == 1 and isinstance(value.get("b64"), str))


def _located(error: TensorError, key: str, value: Any, signature: Signature) -> str:
    """Locate the value in the request as the client wrote it."""
    tensor, indices = error.tensor, error.indices
    if key == INSTANCES:
        named = _is_named(value[0])
        first, rest = indices[:1], indices[1:]
    else:
        named = _is_named(value)
        first, rest = (), indices[1:] if key == DATA and signature.batched else indices
    place = "".join(f"[{index}]" for index in first)
    if named:
        place += f'["{tensor.name}"]'
    place += "".join(f"[{index}]" for index in rest)
    if key != INPUTS and signature.batched:
        expected = f"each instance is {tensor.dtype.name} of shape {tensor.item_shape}"
    else:
        expected = f"expected {tensor.dtype.name} of shape {tensor.shape}"
        if signature.batched:
            expected += ", -1 being the number of rows"
    return f"{key}{place}: {error.problem}; {expected}"


def _some(row: dict[str, Any]) -> str:
    names = [repr(str(name)[:100]) for name in list(row)[:5]]
    return f"{', '.join(names) or 'of an empty object'}{', …' if len(row) > 5 else ''}"


def _choice(direct: bool) -> str:
    return f"{INSTANCES!r}, {INPUTS!r} or {DATA!r}" if direct else f"{INSTANCES!r} or {INPUTS!r}"
