"""Compares answers to golden requests with the expected ones.

The optimizer, the version check, the demo and verify:aws share this rule. The last two run it as a program.
"""

from __future__ import annotations

import base64
import json
import math
import sys
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Minimum tolerance, for outputs whose expected numbers are all zero or nearly so.
_LEAST_ALLOWED = 1e-9


@dataclass(frozen=True)
class Difference:
    """The first difference of an answer."""

    output: str
    place: tuple[int, ...]
    expected: Any
    found: Any
    allowed: float

    def __str__(self) -> str:
        """Return the difference as the end of a sentence."""
        of = f"output {self.output!r}" if self.output else "the output"
        at = f" at {list(self.place)}" if self.place else ""
        is_measured = isinstance(self.expected, float) and math.isfinite(self.expected)
        within = f" within {self.allowed:.3g}" if is_measured else ""
        return f"{of}{at} must be {_shown(self.expected)}{within}, got {_shown(self.found)}"


class GoldenAnswers:
    """The expected answers to golden requests.

    The tolerance is relative to the greatest number of an output in all expected answers. Infinities, NaN, booleans
    and bytes must be equal, as must shapes and names of outputs.
    """

    def __init__(self, responses: Sequence[Any], tolerance: float, output_names: Sequence[str] = ()) -> None:
        """Read the expected answers.

        Args:
            responses: The expected bodies, in the order of the requests.
            tolerance: Relative tolerance, such as 0.001.
            output_names: Names of the signature's outputs: the body of a single output does not name it.
        """
        self._single = output_names[0] if len(output_names) == 1 else ""
        self._tolerance = tolerance
        self._expected = [self._outputs(response) for response in responses]
        self._scales: dict[str, float] = {}
        for outputs in self._expected:
            for name, value in outputs.items():
                self._scales[name] = max(self._scales.get(name, 0.0), *map(abs, _finite(value)), 0.0)

    def difference(self, index: int, answer: Any) -> str | None:
        """Describe how the answer to one request differs; None if it does not."""
        expected, found = self._expected[index], self._outputs(answer)
        for name in expected:
            if name not in found:
                shown = f"its answer has no output {name!r}" if name else "its answer is not that of one output"
                return f"{shown}, only {', '.join(map(repr, found))}" if found else shown
        for name in found:
            if name not in expected:
                return f"its answer has the output {name!r}, which nothing expects"
        for name, value in expected.items():
            allowed = max(self._tolerance * self._scales[name], _LEAST_ALLOWED)
            first = next(_differences(name, value, found[name], allowed), None)
            if first is not None:
                return str(first)
        return None

    def greatest_relative_difference(self, index: int, answer: Any) -> float:
        """Return the greatest difference of two numbers, relative to their output's greatest expected number."""
        found = self._outputs(answer)
        return max(
            (
                abs(left - right) / (self._scales[name] or 1.0)
                for name, value in self._expected[index].items()
                for left, right in zip(_finite(value), _finite(found.get(name)), strict=False)
            ),
            default=0.0,
        )

    def decides_alike(self, index: int, answer: Any) -> bool:
        """Tell whether the greatest number of every output is in the same place."""
        found = self._outputs(answer)
        return all(
            _place_of_greatest(value) == _place_of_greatest(found.get(name))
            for name, value in self._expected[index].items()
        )

    def _outputs(self, answer: Any) -> dict[str, Any]:
        """Return the values of an answer by output. For row format, without the batch dimension of one."""
        if not isinstance(answer, dict):
            return {}
        if isinstance(answer.get("predictions"), list):
            rows = [self._named(row) for row in answer["predictions"]]
            return (
                rows[0] if len(rows) == 1 else {name: [row.get(name) for row in rows] for row in rows for name in row}
            )
        return self._named(answer["outputs"]) if "outputs" in answer else {}

    def _named(self, value: Any) -> dict[str, Any]:
        return value if isinstance(value, dict) and not _is_bytes(value) else {self._single: value}


def _differences(
    name: str, expected: Any, found: Any, allowed: float, place: tuple[int, ...] = ()
) -> Iterator[Difference]:
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (left, right) in enumerate(zip(expected, found, strict=True)):
            yield from _differences(name, left, right, allowed, (*place, index))
    elif not _same(expected, found, allowed):
        yield Difference(name, place, expected, found, allowed)


def _same(expected: Any, found: Any, allowed: float) -> bool:
    if _is_number(expected) and _is_number(found):
        if math.isfinite(expected) and math.isfinite(found):
            return bool(abs(expected - found) <= allowed)
        return bool(expected == found) or (math.isnan(expected) and math.isnan(found))
    left, right = _decoded(expected), _decoded(found)
    return type(left) is type(right) and bool(left == right)


def _decoded(value: Any) -> Any:
    """Return the bytes of a text, which servers write as they are or as base64."""
    if _is_bytes(value):
        return base64.b64decode(value["b64"])
    return value.encode() if isinstance(value, str) else value


def _is_bytes(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"b64"}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, list):
        for entry in value:
            yield from _numbers(entry)
    elif _is_number(value):
        yield value


def _finite(value: Any) -> list[float]:
    return [number for number in _numbers(value) if math.isfinite(number)]


def _place_of_greatest(value: Any) -> int | None:
    numbers = list(_numbers(value))
    return numbers.index(max(numbers)) if numbers else None


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return repr(value)[:100]


def main() -> None:
    """Compare the answers in a JSON document on standard input, for programs in other languages.

    The document has `golden`, the content of golden/<version>.json; `answers`, the text of each; and optionally
    `tolerance`, instead of the golden requests' own. The result has `difference`, a description or null; `relative`,
    the greatest relative difference of two numbers; and `decidedAlike`, the number of answers that decide as expected.
    """
    document = json.load(sys.stdin)
    requests, tolerance = document["golden"]["requests"], document["golden"]["relativeTolerance"]
    golden = GoldenAnswers([request["response"] for request in requests], document.get("tolerance") or tolerance)
    answers = list(enumerate(map(json.loads, document["answers"])))
    differences = list(starmap(golden.difference, answers))
    first = next((number for number, difference in enumerate(differences, start=1) if difference), None)
    result = {
        "difference": first and f"golden request {first} of {len(requests)}: {differences[first - 1]}",
        "relative": max(starmap(golden.greatest_relative_difference, answers), default=0.0),
        "decidedAlike": sum(starmap(golden.decides_alike, answers)),
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
