"""The element types that LiteRT and the codec know."""

from __future__ import annotations


class ElementType:
    """One element type, under NumPy's name."""

    __slots__ = ("code", "high", "kind", "low", "name", "size", "tensorflow")

    def __init__(self, name: str, code: str, size: int, tensorflow: str) -> None:
        self.name = name
        self.kind = "bool" if name == "bool" else "float" if name.startswith("float") else "int"
        """float, int or bool."""
        self.code = code
        """Format character of the struct module, native byte order."""
        self.size = size
        self.tensorflow = tensorflow
        """DataType, as TensorFlow Serving's metadata spells it."""
        bits = 8 * size
        unsigned = name.startswith("u")
        self.low = 0 if unsigned else -(1 << (bits - 1))
        self.high = (1 << bits) - 1 if unsigned else (1 << (bits - 1)) - 1


ELEMENT_TYPES = {
    row[0]: ElementType(*row)
    for row in (
        ("float32", "f", 4, "DT_FLOAT"),
        ("float64", "d", 8, "DT_DOUBLE"),
        ("float16", "e", 2, "DT_HALF"),
        ("int8", "b", 1, "DT_INT8"),
        ("int16", "h", 2, "DT_INT16"),
        ("int32", "i", 4, "DT_INT32"),
        ("int64", "q", 8, "DT_INT64"),
        ("uint8", "B", 1, "DT_UINT8"),
        ("uint16", "H", 2, "DT_UINT16"),
        ("uint32", "I", 4, "DT_UINT32"),
        ("uint64", "Q", 8, "DT_UINT64"),
        ("bool", "?", 1, "DT_BOOL"),
    )
}
