"""Compares a new version's answers to captured requests with the recorded ones."""

from __future__ import annotations

import math
from typing import Any

_MOST_CASES = 3


class ReplayedAnswers:
    """Counts decisions that differ, and measures how far numbers do.

    The decision of an output with several numbers is the place of its greatest one, in each row.
    """

    def __init__(self, outputs: dict[str, bool]) -> None:
        """Begin without answers.

        Args:
            outputs: For each output of the signature, whether dimension 0 is the batch.
        """
        self._outputs = outputs
        self.requests = self.rows = self.decisions = self.disagreements = self._refused = 0
        self._errors: dict[str, float] = {}
        self._sizes: dict[str, float] = {}
        self._cases: list[tuple[bool, float, str]] = []

    def add(self, capture: dict[str, Any], answer: Any, refusal: str = "") -> None:
        """Compare one answer, or note that there is none.

        Args:
            capture: The captured request.
            answer: The new version's answer.
            refusal: Why it did not answer, otherwise empty.
        """
        self.requests += 1
        title = f"of {capture['time']}, answered by version {capture['modelVersion']}"
        expected = self._rows(capture["answer"])
        rows = max(len(expected), 1)
        self.rows += rows
        self._sizes[""] = self._sizes.get("", 0.0) + rows
        if refusal:
            self._refused += rows
            self.decisions += rows
            self.disagreements += rows
            self._errors[""] = self._errors.get("", 0.0) + rows
            self._keep(True, math.inf, f"{title}: refused ({refusal[:200]})")
            return
        found = self._rows(answer)
        if len(found) != len(expected):
            found = [{}] * len(expected)
        worst, difference, what = False, 0.0, ""
        for row, (old, new) in enumerate(zip(expected, found, strict=True)):
            for name, value in old.items():
                differs, error, sentence = self._compare(name, value, new.get(name))
                if sentence and (differs, error) > (worst, difference):
                    worst, difference, what = differs, error, f"row {row}{f' of {name!r}' if name else ''} {sentence}"
        if what:
            self._keep(worst, difference, f"{title}: {what}")

    @property
    def undecided(self) -> bool:
        """True if there are answers, and none of the recorded ones decides anything: one number does not."""
        return self.rows > self._refused == self.decisions

    @property
    def disagreement(self) -> float:
        """The share of the decisions that differ; of the rows where no answer decides."""
        return self.disagreements / ((self.rows if self.undecided else self.decisions) or 1)

    @property
    def relative_error(self) -> float:
        """The Euclidean norm of the difference over that of the recorded output, of the output where it is greatest."""
        return max((math.sqrt(self._errors[name] / (self._sizes[name] or 1.0)) for name in self._errors), default=0.0)

    @property
    def worst_cases(self) -> list[str]:
        """The requests whose answers differ most, the worst first."""
        return [case for _, _, case in self._cases]

    def _keep(self, differs: bool, difference: float, case: str) -> None:
        self._cases = sorted([*self._cases, (differs, difference, case)], reverse=True)[:_MOST_CASES]

    def _compare(self, name: str, old: Any, new: Any) -> tuple[bool, float, str]:
        """Compare one output of one row: whether it decides differently, the relative error, and a sentence if any."""
        expected, found = _numbers(old), _numbers(new)
        if expected is None:  # text
            self.decisions += 1
            self.disagreements += old != new
            return old != new, 1.0, f"must be {_short(old)}, is {_short(new)}" if old != new else ""
        alike = found is not None and len(found) == len(expected) and all(map(_are_both_numbers, expected, found))
        # NaN or an infinity among the recorded numbers would make the sums of all answers one as well.
        known = [number for number in expected if math.isfinite(number)]
        pairs = zip(expected, found, strict=True) if alike and found else ()
        error = sum((left - right) ** 2 for left, right in pairs if math.isfinite(left))
        size = sum(entry * entry for entry in known)
        error = error if alike else max(size, 1.0)
        self._errors[name] = self._errors.get(name, 0.0) + error
        self._sizes[name] = self._sizes.get(name, 0.0) + size
        differs = not alike
        sentence = "has no such answer" if new is None else f"must be {_short(old)}, is {_short(new)}"
        if len(expected) > 1:
            self.decisions += 1
            if alike and found:
                before, now = _greatest(expected), _greatest(found)
                differs = before != now
                if differs:
                    sentence = f"was {before} ({expected[before]:.4g}), is {now} ({found[now]:.4g})"
            self.disagreements += differs
        return differs, math.sqrt(error / (size or 1.0)), sentence if error else ""

    def _rows(self, answer: Any) -> list[dict[str, Any]]:
        """Return the outputs of each row by name; one row without a batch."""
        if not isinstance(answer, dict):
            return []
        if isinstance(answer.get("predictions"), list):
            return [self._named(row) for row in answer["predictions"]]
        columns = self._named(answer.get("outputs"))
        if not columns or not all(
            self._outputs.get(name) and isinstance(value, list) for name, value in columns.items()
        ):
            return [columns]
        return [dict(zip(columns, row, strict=False)) for row in zip(*columns.values(), strict=False)]

    def _named(self, value: Any) -> dict[str, Any]:
        if isinstance(value, dict) and set(value) != {"b64"}:
            return value
        return {next(iter(self._outputs)) if len(self._outputs) == 1 else "": value}


def _numbers(value: Any) -> list[float] | None:
    """Return all numbers of nested lists; None if something else is in them."""
    if isinstance(value, list):
        parts = [_numbers(entry) for entry in value]
        return None if None in parts else [number for part in parts if part for number in part]
    return [float(value)] if isinstance(value, int | float) else None


def _are_both_numbers(left: float, right: float) -> bool:
    """Tell whether both are finite, or both are the same of NaN and the infinities."""
    if math.isfinite(left) or math.isfinite(right):
        return math.isfinite(left) and math.isfinite(right)
    return left == right or (math.isnan(left) and math.isnan(right))


def _greatest(numbers: list[float]) -> int:
    return max(range(len(numbers)), key=lambda place: -math.inf if math.isnan(numbers[place]) else numbers[place])


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
