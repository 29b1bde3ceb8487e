"""Reads and writes .tflite files as objects."""

from __future__ import annotations

from typing import Any

import flatbuffers

#: The schema's alignment of stored values, which the generated code does not keep.
_ALIGNMENT = 16


def unpack(content: bytes) -> Any:
    """Return the file as a `ModelT`.

    Old files have the codes of their operators in a field of one byte alone. Here they get them in the newer field too,
    the only one that litert-quantizer reads.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for code in model.operatorCodes or []:
        code.builtinCode = max(code.builtinCode, code.deprecatedBuiltinCode)
    return model


def pack(model: Any) -> bytes:
    """Return a `ModelT` as a file."""
    builder = _AlignedBuilder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def operation_names(model: Any) -> list[str]:
    """Return the names of a `ModelT`'s operator codes."""
    from ai_edge_litert import schema_py_generated as schema

    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    return [names[code.builtinCode] for code in model.operatorCodes]


def grouped_convolutions(model: Any) -> list[str]:
    """Return the outputs of the convolutions whose filters see some of the channels only, as depthwise ones do.

    Keras's `Conv2D` with groups is one, a group for each channel included.
    """
    codes = operation_names(model)
    return [
        (graph.tensors[operator.outputs[0]].name or b"").decode()
        for graph in model.subgraphs
        for operator in graph.operators or []
        if codes[operator.opcodeIndex] == "CONV_2D"
        and graph.tensors[operator.inputs[0]].shape[-1] != graph.tensors[operator.inputs[1]].shape[-1]
    ]


class _AlignedBuilder(flatbuffers.Builder):  # type: ignore[misc]  # the package has no types
    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803 - the base class's names
        """Begin a vector; stored values are one of bytes."""
        return super().StartVector(elemSize, numElems, _ALIGNMENT if elemSize == 1 else alignment)
