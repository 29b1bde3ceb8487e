"""Converts between arrays and the bodies of TensorFlow Serving's REST API, in its columnar format."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from ..data.rest_body import WrongLineError, text_of
from ..errors import BadInputError, RunError
from ..processes.plain_text import one_line
from ..runners import check_output
from ..signatures import SignatureSpec, TensorSpec
from ..signatures.spec import STRING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ..runners.runner import Arrays

#: Types by the name of TensorFlow's enumeration, where that is not NumPy's in capitals.
_TYPES = {"DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16", "DT_STRING": STRING}
_SHOWN = 300


def body_of(signature: str | None, inputs: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the body of a request.

    Args:
        signature: Name of the signature; None: the default one.
        inputs: The inputs exactly as the signature takes them. Bytes are text where they are UTF-8.
    """
    named = {} if signature is None else {"signature_name": signature}
    values = {name: _plain(value) for name, value in inputs.items()}
    finite = all(value.dtype.kind != "f" or bool(np.isfinite(value).all()) for value in inputs.values())
    if finite:
        return orjson.dumps(named | {"inputs": values}, option=orjson.OPT_SERIALIZE_NUMPY)
    listed = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}
    # NaN and the infinities, which the servers take, are no JSON for orjson.
    return json.dumps(named | {"inputs": listed}, separators=(",", ":")).encode()


def parse_answer(content: bytes) -> Any:
    """Return the value of a JSON text, in which NaN and the infinities may be numbers.

    Raises:
        RunError: It is no JSON.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        beginning = one_line(content[:_SHOWN].decode("utf-8", "replace"), 100)
        raise RunError(f"the answer is not JSON ({one_line(str(error), 100)}): {beginning!r}") from error


def arrays_of(answer: Any, outputs: Mapping[str, TensorSpec]) -> Arrays:
    """Return the outputs of an answer.

    Args:
        answer: The parsed body.
        outputs: The signature's outputs.

    Raises:
        RunError: It does not have them, or with other types or shapes.
    """
    given = answer.get("outputs") if isinstance(answer, dict) else None
    if given is None:
        found = ", ".join(map(repr, list(answer)[:8])) if isinstance(answer, dict) else type(answer).__name__
        raise RunError(f'the answer must have "outputs", and has {one_line(found, _SHOWN) or "nothing"}')
    values = {next(iter(outputs)): given} if len(outputs) == 1 else given
    if not isinstance(values, dict) or values.keys() != outputs.keys():
        found = ", ".join(map(repr, list(values)[:8])) if isinstance(values, dict) else type(values).__name__
        raise RunError(f"the outputs must be {', '.join(map(repr, outputs))}, and are {one_line(found, _SHOWN)}")
    return {name: _array(name, values[name], spec) for name, spec in outputs.items()}


def signatures_of(metadata: Any) -> dict[str, SignatureSpec]:
    """Return the signatures that the answer to a request for a model's metadata describes.

    Raises:
        BadInputError: It does not describe signatures.
    """
    try:
        described = metadata["metadata"]["signature_def"]["signature_def"]
        signatures = {
            str(name): SignatureSpec(
                str(name),
                str(entry.get("method_name", "")),
                {str(key): _spec(value) for key, value in entry["inputs"].items()},
                {str(key): _spec(value) for key, value in entry["outputs"].items()},
            )
            for name, entry in described.items()
            # TensorFlow writes this signature for its loader.
            if name != "__saved_model_init_op"
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInputError(
            "the endpoint's metadata do not describe signatures as TensorFlow Serving does "
            f"({one_line(repr(error), 100)})"
        ) from error
    usable = {name: spec for name, spec in signatures.items() if spec.inputs and spec.outputs}
    if not usable:
        raise BadInputError("the endpoint's metadata describe no signature with inputs and outputs")
    return usable


def _spec(described: Any) -> TensorSpec:
    dtype = described["dtype"]
    shape = described.get("tensor_shape") or {}
    sizes = [int(dimension["size"]) for dimension in shape.get("dim", [])]
    known = tuple(size if size >= 0 else None for size in sizes)
    name = _TYPES.get(dtype) or np.dtype(dtype.removeprefix("DT_").lower()).name
    return TensorSpec(name, None if shape.get("unknown_rank") else known, str(described.get("name", "")))


def _plain(value: NDArray[Any]) -> Any:
    if value.dtype.kind in "OSU":
        return _texts(value.tolist())
    # Only C-contiguous arrays of the machine's byte order and of usual types can be written as they are.
    usual = value.dtype.kind in "biuf" and value.dtype.itemsize in {1, 4, 8} and value.dtype.isnative and value.ndim
    return np.ascontiguousarray(value) if usual else value.tolist()


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(entry) for entry in value]
    if isinstance(value, str):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode("ascii")}


def _array(name: str, value: Any, spec: TensorSpec) -> NDArray[Any]:
    try:
        array = _text_array(name, value) if spec.dtype == STRING else _number_array(name, value, spec.dtype)
    except WrongLineError as error:
        raise RunError(f"the answer is wrong{one_line(str(error), _SHOWN)}") from error
    check_output(name, array, spec.dtype, spec.shape)
    return array


def _number_array(name: str, value: Any, dtype: str) -> NDArray[Any]:
    try:
        array = np.array(value)
    except (ValueError, OverflowError) as error:
        raise RunError(f"the lists of the output {name!r} differ in length") from error
    target = np.dtype(dtype)
    if array.size and (array.dtype.kind not in "biuf" or (target.kind in "biu" and array.dtype.kind == "f")):
        raise RunError(f"the output {name!r} is {dtype}, and the answer has other values")
    return array.astype(target)


def _text_array(name: str, value: Any) -> NDArray[Any]:
    texts = text_of(name, value)
    array = np.array(texts, dtype=object)
    flat = array.ravel().tolist()
    if any(isinstance(entry, list) for entry in flat):
        raise RunError(f"the lists of the output {name!r} differ in length")
    result = np.empty(len(flat), dtype=object)
    result[:] = [entry.encode("utf-8", "surrogatepass") if isinstance(entry, str) else entry for entry in flat]
    return result.reshape(array.shape)
