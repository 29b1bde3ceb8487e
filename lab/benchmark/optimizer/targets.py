"""The project's targets for these figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmark.optimizer.processor import BFLOAT16 as BFLOAT16_FEATURE
from benchmark.optimizer.processor import DOT_PRODUCTS
from benchmark.optimizer.rows import BFLOAT16, FLOAT32, FREEZE, FULL_INTEGER, ORIGINAL, PRUNED, SEARCH, STRIP, STUDENT

_POINTS_SEARCHED = 0.01


@dataclass(frozen=True)
class Target:
    """A ratio or a loss, and its limit."""

    text: str
    measured: float | None
    """Measured value; None if this machine cannot measure it."""
    limit: float
    at_least: bool
    needs: str | None = None
    """CPU feature that the limit was set for."""

    @property
    def met(self) -> bool | None:
        """Tells whether it is within its limit; None if not measured."""
        if self.measured is None:
            return None
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def record(self, features: list[str]) -> dict[str, Any]:
        """Return it as data.

        Args:
            features: Features of the processor that measured.
        """
        return {
            "name": self.text,
            "measured": self.measured,
            "target": f"at {'least' if self.at_least else 'most'} {self.limit:g}",
            "met": self.met,
            "lacks": self.needs if self.needs not in features else None,
        }


def targets(rows: list[dict[str, Any]], loads: dict[str, list[float]]) -> list[Target]:
    """Return the project's targets with the measured values.

    Args:
        rows: Records of the CNN, means of all runs.
        loads: Quartiles of basic-pitch's loading times by recipe.
    """
    by_name = {row["name"]: row for row in rows}
    float32, stripped = by_name[FLOAT32], by_name[STRIP]
    integer, pruned, student, bfloat16 = (by_name[name] for name in (FULL_INTEGER, PRUNED, STUDENT, BFLOAT16))

    def smaller(row: dict[str, Any], key: str = "sizeBytes", than: dict[str, Any] = float32) -> float:
        return float(than[key] / row[key])

    def faster(row: dict[str, Any], than: dict[str, Any] = float32) -> float | None:
        milliseconds = row["medianMilliseconds"]
        return than["medianMilliseconds"] / milliseconds if milliseconds else None

    def sooner(name: str) -> float:
        return loads[ORIGINAL][1] / loads[name][1]

    search = by_name[SEARCH]["sizeBytes"]
    keeps = [row["sizeBytes"] for row in rows if row["runtime"] == "LiteRT" and row["loss"] <= _POINTS_SEARCHED]
    int8, small = f"`{FULL_INTEGER}` / `{FLOAT32}`", f"`{STUDENT}` / `{FLOAT32}`"
    half = f"`{BFLOAT16}` / `{STRIP}`"
    return [
        Target(f"{int8}: times smaller", smaller(integer), 3.9, at_least=True),
        Target(f"{int8}: times faster", faster(integer), 3.0, at_least=True, needs=DOT_PRODUCTS),
        Target(
            f"`{FULL_INTEGER}`: lower end of the loss's 95 %", integer["lossInterval"][0] * 100, 0.0, at_least=False
        ),
        Target(
            f"`{PRUNED}` / `{FLOAT32}`: times smaller, compressed",
            smaller(pruned, "compressedBytes"),
            10.0,
            at_least=True,
        ),
        Target(f"`{PRUNED}`: points lost", pruned["loss"] * 100, 0.5, at_least=False),
        Target(f"{small}: times smaller", smaller(student), 100.0, at_least=True),
        Target(f"{small}: times faster", faster(student), 50.0, at_least=True),
        Target(f"`{STUDENT}`: points lost", student["loss"] * 100, 1.5, at_least=False),
        Target(f"{half}: times smaller", smaller(bfloat16, than=stripped), 1.95, at_least=True),
        Target(
            f"{half}: times faster at batch 1",
            faster(bfloat16, than=stripped),
            1.3,
            at_least=True,
            needs=BFLOAT16_FEATURE,
        ),
        Target(f"`{SEARCH}`: size / smallest row that keeps the point", search / min(keeps), 1.0, at_least=False),
        Target(f"original / `{STRIP}` of basic-pitch: time to load", sooner(STRIP), 2.0, at_least=True),
        Target(f"original / `{FREEZE}` of basic-pitch: time to load", sooner(FREEZE), 8.0, at_least=True),
    ]
