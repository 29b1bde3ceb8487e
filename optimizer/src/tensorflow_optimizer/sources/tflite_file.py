"""Reads the user's .tflite file: its requirements and signatures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import BadInputError, UnsupportedError
from ..runners.flatbuffer import grouped_convolutions, operation_names, pack, unpack
from ..runners.litert_runner import open_interpreter, quantization_of
from ..runners.runner import RunError
from ..signatures.operators import GROUPED_CONVOLUTION
from ..signatures.select import FROM_SAVED_MODEL
from ..signatures.spec import DEFAULT_SIGNATURE, SignatureSpec, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PREDICT = "tensorflow/serving/predict"


@dataclass(frozen=True)
class TfliteFile:
    """A file that loads."""

    content: bytes
    signatures: dict[str, SignatureSpec]
    stateful: bool
    """True if the model has variables that change when it runs."""
    named: bool
    """A signature had to be added, since the file had none."""
    quantized: bool
    """A weight is no float of 32 bits."""


def read_tflite(file: Path) -> TfliteFile:
    """Read and check a .tflite file.

    Raises:
        BadInputError: it is cut short or corrupt.
        UnsupportedError: it needs Flex or custom operators, or other files.
    """
    content = file.read_bytes()
    stateful = _check_operators(file.name, content)
    interpreter = _open(file.name, content)
    named = not interpreter.get_signature_list()
    if named:
        content = _with_signature(interpreter, content)
        interpreter = _open(file.name, content)
    signatures: dict[str, SignatureSpec] = {}
    for name in sorted(interpreter.get_signature_list()):
        runner = interpreter.get_signature_runner(name)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        signatures[name] = SignatureSpec(name, _PREDICT, _specs(inputs), _specs(outputs))
    if all(None not in (spec.shape or ()) for entry in signatures.values() for spec in entry.inputs.values()):
        _open(file.name, content, allocate=True)
    return TfliteFile(content, signatures, stateful, named, is_quantized(content))


def _open(name: str, content: bytes, *, allocate: bool = False) -> Any:
    try:
        return open_interpreter(content, allocate=allocate)
    except RunError as error:
        raise BadInputError(
            f"LiteRT cannot load {name} ({error}); it is cut short or corrupt: copy it again"
        ) from error


def _specs(details: Mapping[str, Mapping[str, Any]]) -> dict[str, TensorSpec]:
    import numpy as np

    specs = {}
    for name in sorted(details):
        stored = np.dtype(details[name]["dtype"]).name
        real = "float32" if stored in ("int8", "uint8", "int16") and quantization_of(details[name]) else stored
        shape = tuple(None if int(size) < 0 else int(size) for size in details[name]["shape_signature"])
        specs[name] = TensorSpec("string" if stored.startswith(("bytes", "str", "object")) else real, shape, "")
    return specs


def _check_operators(name: str, content: bytes) -> bool:
    """Reject custom operators and other files, and say whether an operator writes a variable."""
    from ai_edge_litert import schema_py_generated as schema

    try:
        model = schema.Model.GetRootAs(content, 0)
        operators = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
        codes = [operator.CustomCode() for operator in operators]
        elsewhere = model.ExternalBufferGroupsLength()
        stateful = any(operator.BuiltinCode() == schema.BuiltinOperator.ASSIGN_VARIABLE for operator in operators)
    except Exception as error:
        raise BadInputError(f"{name} is cut short or corrupt; copy it again") from error
    if elsewhere:
        raise UnsupportedError(f"{name} has weights in other files; convert it into one file that holds them")
    custom = sorted({code.decode("utf-8", "replace") for code in codes if code})
    if custom:
        kind = "Flex" if all(code.startswith("Flex") for code in custom) else "custom"
        raise UnsupportedError(
            f"{name} needs {kind} operators ({', '.join(custom[:8])}), which Lambda's LiteRT does not have; convert "
            f"it with built-in operators only (TFLITE_BUILTINS), or {FROM_SAVED_MODEL}"
        )
    return stateful


def is_quantized(content: bytes) -> bool:
    """Say whether a weight is no float of 32 bits."""
    from ai_edge_litert import schema_py_generated as schema

    model = unpack(content)
    return any(
        tensor.type == schema.TensorType.FLOAT16 or (tensor.quantization and tensor.quantization.scale is not None)
        for graph in model.subgraphs
        for tensor in graph.tensors
        if model.buffers[tensor.buffer].data is not None
    )


def operators_of_file(content: bytes) -> Counter[str]:
    """Return LiteRT's names of the operators of all graphs of a file, with their numbers.

    Grouped convolutions are counted by a name of their own as well.
    """
    model = unpack(content)
    codes = operation_names(model)
    found = Counter(codes[operator.opcodeIndex] for graph in model.subgraphs for operator in graph.operators or [])
    grouped = len(grouped_convolutions(model))
    return found + Counter({GROUPED_CONVOLUTION: grouped})


def _with_signature(interpreter: Any, content: bytes) -> bytes:
    """Add a signature with the names of the input and output tensors, without changing the graph."""
    from ai_edge_litert import schema_py_generated as schema

    model = unpack(content)
    signature = schema.SignatureDefT()
    signature.signatureKey = DEFAULT_SIGNATURE.encode()
    signature.subgraphIndex = 0
    signature.inputs = _tensor_maps(schema, interpreter.get_input_details())
    signature.outputs = _tensor_maps(schema, interpreter.get_output_details())
    model.signatureDefs = [signature]
    return pack(model)


def _tensor_maps(schema: Any, details: list[Mapping[str, Any]]) -> list[Any]:
    maps = []
    for tensor in details:
        entry = schema.TensorMapT()
        entry.name = tensor["name"].split(":")[0].encode()
        entry.tensorIndex = tensor["index"]
        maps.append(entry)
    return maps
