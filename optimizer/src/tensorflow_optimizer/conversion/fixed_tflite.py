"""Writes fixed shapes into a .tflite file, in which converters leave the batch open by default.

The native runtime serves fixed shapes alone: a file that is resized when it runs may report other shapes than it fills.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError, reason_of
from ..hints import Hint
from ..runners.flatbuffer import operation_names, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ..signatures import FixedSignature

    Array = NDArray[Any]

#: Elements of a value that is worth a constant: dimensions are few.
_FEW = 64
#: Operators that compute something new in each run, or run another graph.
_NOT_FOLDED = ("CALL", "CALL_ONCE", "IF", "MULTINOMIAL", "RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM", "WHILE")


def with_fixed_shapes(content: bytes, signatures: Iterable[FixedSignature]) -> bytes:
    """Return the file with the inputs' shapes of `signatures`; unchanged if no shape is open.

    Shapes that the file computes from its inputs' shapes become constants. Those that depend on values stay open.

    Raises:
        BadInputError: The model cannot take the shapes.
    """
    model = unpack(content)
    entries = {entry.signatureKey.decode(): entry for entry in model.signatureDefs}
    graphs: dict[int, dict[str, list[int]]] = {}
    for signature in signatures:
        entry = entries[signature.name]
        tensors = model.subgraphs[entry.subgraphIndex].tensors
        if not any(_is_open(tensor) for tensor in tensors):
            continue
        graphs[entry.subgraphIndex] = signature.shapes
        for item in entry.inputs:
            tensor = tensors[item.tensorIndex]
            tensor.shape, tensor.shapeSignature = signature.shapes[item.name.decode()], None
    for index, shapes in graphs.items():
        try:
            _fix(model, index)
        except (RuntimeError, ValueError) as error:
            raise BadInputError(
                f"the .tflite file cannot take the input shapes {shapes} ({reason_of(error)}); give other shapes",
                Hint.INPUT_SHAPES,
            ) from error
    return pack(model) if graphs else content


def _is_open(tensor: Any) -> bool:
    return tensor.shapeSignature is not None and -1 in list(tensor.shapeSignature)


def _fix(model: Any, index: int) -> None:
    graph = model.subgraphs[index]
    folded: set[int] = set()
    # A shape that became a constant gives the next one a shape that is known.
    while True:
        shapes = _known_shapes(model, index)
        values = _shape_values(model, graph, shapes, folded)
        if not values:
            break
        for tensor, value in values.items():
            graph.tensors[tensor].buffer = len(model.buffers)
            graph.tensors[tensor].shape, graph.tensors[tensor].shapeSignature = list(value.shape), None
            model.buffers.append(_buffer(value))
        folded |= values.keys()
        graph.operators = [operator for operator in graph.operators if not folded.issuperset(operator.outputs)]
    for tensor, shape in shapes.items():
        graph.tensors[tensor].shape, graph.tensors[tensor].shapeSignature = shape, None


def _known_shapes(model: Any, index: int) -> dict[int, list[int]]:
    """Return the shapes that are known before a run; the interpreter gives other tensors no memory."""
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=pack(model), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    wrapper = interpreter._interpreter  # the public methods know the first graph alone
    wrapper.AllocateTensors(index)
    kind = schema.TensorType
    # Asking for the value of a resource would crash.
    without_numbers = (kind.RESOURCE, kind.STRING, kind.VARIANT)
    known = {}
    for number, tensor in enumerate(model.subgraphs[index].tensors):
        if tensor.type in without_numbers or _is_constant(model, tensor):
            continue
        try:
            known[number] = list(wrapper.GetTensor(number, index).shape)
        except ValueError:
            continue
    return known


def _shape_values(model: Any, graph: Any, shapes: dict[int, list[int]], folded: set[int]) -> dict[int, Array]:
    """Return the values that follow from known shapes and constants alone."""
    from ai_edge_litert import schema_py_generated as schema

    codes = operation_names(model)
    kind = schema.TensorType
    plain = (kind.BOOL, kind.FLOAT32, kind.INT32, kind.INT64)
    asked: dict[int, Array] = {}
    computed: list[Any] = []
    derived = set(folded)
    for operator in graph.operators:
        name = codes[operator.opcodeIndex]
        inputs = [int(tensor) for tensor in operator.inputs if tensor >= 0] if operator.inputs is not None else []
        outputs = [int(tensor) for tensor in operator.outputs] if operator.outputs is not None else []
        if name == "SHAPE" and inputs[0] in shapes:
            dtype = np.int64 if graph.tensors[outputs[0]].type == kind.INT64 else np.int32
            asked[outputs[0]] = np.array(shapes[inputs[0]], dtype)
            derived.update(outputs)
        elif (
            name not in _NOT_FOLDED
            and not name.startswith("STABLEHLO")
            and not derived.isdisjoint(inputs)
            and all(tensor in derived or _is_constant(model, graph.tensors[tensor]) for tensor in inputs)
            and all(graph.tensors[tensor].type in plain for tensor in (*inputs, *outputs))
            and all(tensor in shapes and math.prod(shapes[tensor]) <= _FEW for tensor in outputs)
        ):
            computed.append(operator)
            derived.update(outputs)
    return asked | _computed(model, graph, computed, asked)


def _computed(model: Any, graph: Any, operators: list[Any], given: dict[int, Array]) -> dict[int, Array]:
    """Run operators whose inputs are constants or `given`."""
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter

    if not operators:
        return {}
    outputs = [tensor for operator in operators for tensor in operator.outputs]
    used = {tensor for operator in operators for tensor in (*operator.inputs, *operator.outputs) if tensor >= 0}
    part, part_graph = copy.copy(model), copy.copy(graph)
    part.signatureDefs, part.metadata, part.buffers = None, None, [schema.BufferT()]
    part.subgraphs = [part_graph]
    part_graph.operators, part_graph.inputs, part_graph.outputs = operators, [], outputs
    part_graph.tensors = [copy.copy(tensor) for tensor in graph.tensors]
    for index, tensor in enumerate(part_graph.tensors):
        stored = _buffer(given[index]) if index in given else model.buffers[tensor.buffer]
        tensor.buffer = 0
        if index in used and stored.data is not None:
            tensor.buffer = len(part.buffers)
            part.buffers.append(stored)
    interpreter = Interpreter(model_content=pack(part))
    interpreter.allocate_tensors()
    interpreter.invoke()
    return {tensor: interpreter.get_tensor(tensor) for tensor in outputs}


def _is_constant(model: Any, tensor: Any) -> bool:
    return not tensor.isVariable and model.buffers[tensor.buffer].data is not None


def _buffer(value: Array) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    return schema.BufferT(np.frombuffer(value.tobytes(), np.uint8))
