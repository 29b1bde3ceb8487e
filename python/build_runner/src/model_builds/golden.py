"""Golden requests: what a published model was asked when it was built, and how it answered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .errors import ModelError
from .store import Store

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Golden:
    """golden/<version>.json."""

    signature: str
    tolerance: float
    """Of a number, as a share of the greatest expected number of its output."""
    requests: list[dict[str, Any]]
    """`request`, a REST body, and `response`, the expected answer."""


def read_golden(bucket: str, key: str) -> Golden:
    """Return the golden requests of a published version.

    Raises:
        ModelError: they are gone, or of another schema.
    """
    store = Store(bucket)
    document = store.read_document(key)
    if document is None or document.get("schemaVersion") != SCHEMA_VERSION:
        raise ModelError(
            f"{store.address(key)} holds no golden requests of the schema version {SCHEMA_VERSION}, and a new version "
            "must answer them before callers get it: publish the model again"
        )
    return Golden(document["signatureName"], document["relativeTolerance"], document["requests"])


class Comparison:
    """Compares answers with the expected ones."""

    def __init__(self, golden: Golden, output_names: list[str]) -> None:
        self._tolerance = golden.tolerance
        self._names = output_names
        self._scales: dict[str, float] = {}
        for one in golden.requests:
            for name, values in self._outputs(one["response"]).items():
                self._scales[name] = max(self._scales.get(name, 0.0), _greatest(values))

    def difference(self, expected: dict[str, Any], answer: dict[str, Any]) -> str | None:
        """Return what is wrong with an answer, in words; None where nothing is."""
        got = self._outputs(answer)
        for name, values in self._outputs(expected).items():
            if name not in got:
                return f"its answer has no output {name!r}, only {', '.join(map(repr, got)) or 'nothing'}"
            allowed = self._tolerance * self._scales[name]
            found = _first_difference(values, got[name], allowed)
            if found is not None:
                place, wanted, given = found
                at = f" at {list(place)}" if place else ""
                within = f" within {allowed:.3g}" if isinstance(wanted, float) else ""
                return f"output {name!r}{at} must be {_shown(wanted)}{within}, got {_shown(given)}"
        return None

    def _outputs(self, answer: Any) -> dict[str, Any]:
        """Return the values of an answer by output, with a batch of one taken off where the answer has rows."""
        if not isinstance(answer, dict):
            return {}
        if "predictions" in answer:
            rows = answer["predictions"]
            values = rows[0] if isinstance(rows, list) and len(rows) == 1 else rows
        else:
            values = answer.get("outputs", {})
        # One output has no name, and its values may not be an object: {"b64": …} is one of them.
        if len(self._names) == 1:
            return {self._names[0]: values}
        return values if isinstance(values, dict) else {}


def _greatest(values: Any) -> float:
    if isinstance(values, list):
        return max(map(_greatest, values), default=0.0)
    return abs(values) if _is_number(values) and math.isfinite(values) else 0.0


def _first_difference(
    expected: Any, given: Any, allowed: float, place: tuple[int, ...] = ()
) -> tuple[tuple[int, ...], Any, Any] | None:
    if isinstance(expected, list):
        if not isinstance(given, list) or len(given) != len(expected):
            return place, expected, given
        found = (
            _first_difference(one, other, allowed, (*place, index))
            for index, (one, other) in enumerate(zip(expected, given, strict=True))
        )
        return next((one for one in found if one is not None), None)
    return None if _same(expected, given, allowed) else (place, expected, given)


def _same(expected: Any, given: Any, allowed: float) -> bool:
    if _is_number(expected) and _is_number(given):
        if math.isfinite(expected) and math.isfinite(given):
            return bool(abs(expected - given) <= allowed)
        return bool(expected == given) or (math.isnan(expected) and math.isnan(given))
    return type(expected) is type(given) and bool(expected == given)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return repr(value)[:100]
