"""Reads and writes .tflite files as objects."""

from __future__ import annotations

from typing import Any

import flatbuffers

#: The schema's alignment of stored values, which the generated code does not keep.
_ALIGNMENT = 16


def unpack(content: bytes) -> Any:
    """Return the file as a `ModelT`."""
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromPackedBuf(content, 0)


def pack(model: Any) -> bytes:
    """Return a `ModelT` as a file."""
    builder = _AlignedBuilder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def operation_names(model: Any) -> list[str]:
    """Return the names of a `ModelT`'s operator codes."""
    from ai_edge_litert import schema_py_generated as schema

    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    return [names[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes]


class _AlignedBuilder(flatbuffers.Builder):  # type: ignore[misc]  # the package has no types
    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803 - the base class's names
        """Begin a vector; stored values are one of bytes."""
        return super().StartVector(elemSize, numElems, _ALIGNMENT if elemSize == 1 else alignment)
