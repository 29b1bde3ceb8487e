"""The graph of one signature in a .tflite file: who computes and who reads each tensor, and the stored numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ..runners.flatbuffer import operation_names, pack, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

#: Operations with weights, and the dimension of their weights that is the output's channel.
WEIGHTED = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": -1, "FULLY_CONNECTED": 0}


class LiteRtGraph:
    """A graph whose constants can be read and replaced."""

    def __init__(self, content: bytes, signature: str) -> None:
        self._model = unpack(content)
        self._names: list[str] = operation_names(self._model)
        entry = next(entry for entry in self._model.signatureDefs if entry.signatureKey.decode() == signature)
        self.graph = self._model.subgraphs[entry.subgraphIndex]
        self.inputs = {item.name.decode(): int(item.tensorIndex) for item in entry.inputs}
        self.outputs = {item.name.decode(): int(item.tensorIndex) for item in entry.outputs}
        # Tensors may share a buffer; the first one is that of all computed tensors.
        self._users = Counter(tensor.buffer for graph in self._model.subgraphs for tensor in graph.tensors)
        self.readers: dict[int, list[Any]] = defaultdict(list)
        for operator in self.graph.operators:
            for tensor in inputs_of(operator):
                self.readers[tensor].append(operator)

    def name(self, operator: Any) -> str:
        """Return the name of an operator's operation."""
        return str(self._names[operator.opcodeIndex])

    def tensor_name(self, tensor: int) -> str:
        """Return a tensor's name."""
        return str(self.graph.tensors[tensor].name.decode())

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Return a tensor's shape."""
        return tuple(int(size) for size in self.graph.tensors[tensor].shape)

    def constant(self, tensor: int) -> Array | None:
        """Return stored numbers; None for what is computed, and for types of fewer than 8 bits."""
        entry = self.graph.tensors[tensor]
        data = self._model.buffers[entry.buffer].data
        dtype = _dtypes().get(entry.type)
        if data is None or dtype is None or entry.isVariable:
            return None
        return np.frombuffer(bytes(data), dtype).reshape(self.shape(tensor))

    def steps(self, tensor: int) -> Array | None:
        """Return the difference of neighbouring stored numbers, of each channel; None for floats."""
        quantization = self.graph.tensors[tensor].quantization
        return None if quantization is None or quantization.scale is None else np.asarray(quantization.scale)

    def replace(self, tensor: int, values: Array) -> None:
        """Store other numbers for a tensor, and for no other that shares its buffer."""
        from ai_edge_litert import schema_py_generated as schema

        entry = self.graph.tensors[tensor]
        if self._users[entry.buffer] != 1:
            self._users[entry.buffer] -= 1
            entry.buffer = len(self._model.buffers)
            self._users[entry.buffer] = 1
            self._model.buffers.append(None)
        stored = np.ascontiguousarray(values, _dtypes()[entry.type])
        self._model.buffers[entry.buffer] = schema.BufferT(np.frombuffer(stored.tobytes(), np.uint8))

    def weighted(self) -> list[Any]:
        """Return the operators with stored weights and a stored bias, in the order of computation."""
        return [
            operator
            for operator in self.graph.operators
            if self.name(operator) in WEIGHTED
            and len(inputs_of(operator)) == 3
            and all(self.constant(tensor) is not None for tensor in inputs_of(operator)[1:])
        ]

    def give_biases(self) -> None:
        """Give each layer of floats a bias of its own, which can be changed: of zeros where it has none."""
        from ai_edge_litert import schema_py_generated as schema

        for operator in self.graph.operators:
            operation, given = self.name(operator), inputs_of(operator)
            if operation not in WEIGHTED or self.graph.tensors[given[1]].type != schema.TensorType.FLOAT32:
                continue
            if len(given) == 3 and len(self.readers[given[2]]) == 1:
                continue
            values = self.constant(given[2]) if len(given) == 3 else np.zeros(self._channels(operator))
            if values is not None:
                operator.inputs = [*given[:2], self._add(operator, values)]

    def _channels(self, operator: Any) -> int:
        return self.shape(operator.inputs[1])[WEIGHTED[self.name(operator)]]

    def _add(self, operator: Any, values: Array) -> int:
        """Store numbers that an operator reads as a tensor of their own."""
        from ai_edge_litert import schema_py_generated as schema

        tensor, index = schema.TensorT(), len(self.graph.tensors)
        tensor.shape, tensor.type = list(values.shape), schema.TensorType.FLOAT32
        tensor.name = self.graph.tensors[operator.outputs[0]].name + b"/bias"
        self.graph.tensors.append(tensor)
        for old in inputs_of(operator)[2:]:
            self.readers[old].remove(operator)
        self.readers[index].append(operator)
        self.replace(index, values)
        return index

    def pack(self) -> bytes:
        """Return the file."""
        return pack(self._model)


def inputs_of(operator: Any) -> list[int]:
    """Return the tensors that an operator reads."""
    return [int(tensor) for tensor in operator.inputs if tensor >= 0] if operator.inputs is not None else []


def activation_of(operator: Any) -> str:
    """Return the name of the activation in an operator."""
    from ai_edge_litert import schema_py_generated as schema

    kinds = vars(schema.ActivationFunctionType).items()
    names: dict[int, str] = {value: name for name, value in kinds if isinstance(value, int)}
    return names[getattr(operator.builtinOptions, "fusedActivationFunction", 0)]


def _dtypes() -> dict[int, type[np.generic]]:
    from ai_edge_litert import schema_py_generated as schema

    kind = schema.TensorType
    return {kind.FLOAT32: np.float32, kind.INT8: np.int8, kind.INT32: np.int32, kind.INT64: np.int64}
