"""The recipes to compare."""

from __future__ import annotations

from typing import Any

from benchmark.optimizer.rows import FLOAT32, quantization, steps

DEFAULT = "forLiteRt() (default)"
SEARCH = "search(SIZE) among quantizations"
INT4 = "mixed: dense int4 in blocks of 32, depthwise in float"
STATIC_INT4 = "mixed: dense int4 in blocks of 32, others static int8"
_INT4_BLOCKS = {"FULLY_CONNECTED": "dynamic_wi4b32_afp32"}
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    FLOAT32: ("litert", {"kind": "none"}),
    DEFAULT: ("litert", {"kind": "forLiteRt"}),
    "dynamicRange()": ("litert", steps(quantization("dynamicRange"))),
    "fullInteger()": ("litert", steps(quantization("fullInteger"))),
    INT4: (
        "litert",
        steps(quantization("mixed", {"*": "dynamic_wi8_afp32", "DEPTHWISE_CONV_2D": "no_quantize", **_INT4_BLOCKS})),
    ),
    STATIC_INT4: ("litert", steps(quantization("mixed", {"*": "static_wi8_ai8", **_INT4_BLOCKS}))),
}
_ALTERNATIVES = [
    *(quantization(mode) for mode in ("float16", "dynamicRange", "fullInteger")),
    *(quantization("mixed", {"FULLY_CONNECTED": f"dynamic_wi4b{block}_afp32"}) for block in (32, 128)),
]
#: Searches, for the dense network alone.
SEARCHES: dict[str, tuple[str, dict[str, Any]]] = {
    SEARCH: ("litert", {"kind": "search", "steps": _ALTERNATIVES, "search": {"objective": "size"}}),
}
#: Recipes of litert-quantizer.
STOCK = ("dynamic_wi8_afp32", "static_wi8_ai8", "dynamic_wi4_afp32")
CALIBRATION = 200
