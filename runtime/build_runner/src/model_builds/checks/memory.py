"""The memory that pods and functions need for a published model."""

from __future__ import annotations

import math
from typing import Any

MEBIBYTE = 1 << 20
#: Memory that gives a Lambda function one full processor, as during the job's measurement.
ONE_PROCESSOR_MEBIBYTES = 1769
#: Factor on a function's measured memory, for Lambda's own memory and a second request.
_FUNCTION_MARGIN = 1.15
_POD_MARGIN = 1.25
_MEMORY_STEP = 64
#: Memory of a server without a measurement, in addition to the model's size on disk and in memory.
_SERVER_MEBIBYTES = 512
_LITERT_SERVER_MEBIBYTES = 64
_LOADED_COPIES = 2


def is_enough(peak: float, mebibytes: int) -> bool:
    """Tell whether a function can answer with so much memory.

    Args:
        peak: What a process used to answer one request, in MiB.
        mebibytes: The function's memory.
    """
    return peak * _FUNCTION_MARGIN <= mebibytes


def least_memory(peak: float) -> int:
    """Return the memory that a function needs for a measured model, in MiB."""
    return _stepped(peak * _FUNCTION_MARGIN)


def function_memory(manifest: dict[str, Any], offer: dict[str, Any]) -> str:
    """Return the memory of a function that takes what its model needs, in MiB.

    That is one processor's at least, and the offer's at most.
    """
    peak = manifest["requirements"].get("peakMemoryMebibytes")
    needed = estimated_memory(manifest, offer) if peak is None else least_memory(peak)
    return str(min(max(ONE_PROCESSOR_MEBIBYTES, needed), offer["memoryMebibytes"]))


def pod_memory(manifest: dict[str, Any], offer: dict[str, Any]) -> str:
    """Return the memory request of a pod, such as 640Mi."""
    peak = manifest["requirements"].get("peakMemoryMebibytes")
    # Each copy of a LiteRT model packs its weights anew.
    needed = estimated_memory(manifest, offer) if peak is None else _stepped(peak * _copies(offer) * _POD_MARGIN)
    return f"{needed}Mi"


def estimated_memory(manifest: dict[str, Any], offer: dict[str, Any]) -> int:
    """Return the memory for a model that was not measured, in MiB."""
    server = _LITERT_SERVER_MEBIBYTES if offer["format"] == "litert" else _SERVER_MEBIBYTES
    return _stepped(server + _LOADED_COPIES * _copies(offer) * manifest["sizeBytes"] / MEBIBYTE)


def _copies(offer: dict[str, Any]) -> int:
    return int(offer.get("copies") or 1)


def _stepped(mebibytes: float) -> int:
    return math.ceil(mebibytes / _MEMORY_STEP) * _MEMORY_STEP
