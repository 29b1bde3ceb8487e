"""The results as JSON and as Markdown: means of several runs with their spread, and the targets, met or not."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from benchmark.optimizer.rows import BFLOAT16, BY_HAND, FLOAT32, FULL_INTEGER, ORIGINAL, PRUNED, SEARCH, STUDENT

_POINTS_SEARCHED = 0.01


@dataclass(frozen=True)
class Target:
    """A ratio or a loss that the project has set itself."""

    text: str
    measured: float | None
    """Absent: this machine cannot measure it."""
    limit: float
    at_least: bool

    @property
    def met(self) -> str:
        """Yes, no, or not measured."""
        if self.measured is None:
            return "not measured here"
        return "yes" if (self.measured >= self.limit if self.at_least else self.measured <= self.limit) else "**no**"


def combine(runs: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return one record per row: means over the runs, and from the least to the greatest value."""
    combined = []
    for records in zip(*runs, strict=True):
        row: dict[str, Any] = {key: records[0][key] for key in ("name", "madeBy", "runtime")}
        row["chosen"] = sorted({record["chosen"] for record in records if record["chosen"]})
        for key in ("sizeBytes", "compressedBytes", "accuracy", "loss", "medianMilliseconds"):
            values = [record[key] for record in records if record[key] is not None]
            row[key] = statistics.mean(values) if values else None
            row[f"{key}Spread"] = [min(values), max(values)] if values else None
        row["lossInterval"] = [statistics.mean(record["lossInterval"][end] for record in records) for end in (0, 1)]
        combined.append(row)
    return combined


def targets(rows: list[dict[str, Any]], loads: dict[str, float]) -> list[Target]:
    """Return what the project wants of these figures."""
    by_name = {row["name"]: row for row in rows}
    float32, stripped = by_name[FLOAT32], by_name["strip()"]
    integer, pruned, student, bfloat16 = (by_name[name] for name in (FULL_INTEGER, PRUNED, STUDENT, BFLOAT16))

    def smaller(row: dict[str, Any], key: str = "sizeBytes", than: dict[str, Any] = float32) -> float:
        return float(than[key] / row[key])

    def faster(row: dict[str, Any], than: dict[str, Any] = float32) -> float | None:
        milliseconds = row["medianMilliseconds"]
        return than["medianMilliseconds"] / milliseconds if milliseconds else None

    def sooner(name: str) -> float:
        return loads[ORIGINAL] / loads[name]

    search = by_name[SEARCH]["sizeBytes"]
    keeps = [row["sizeBytes"] for row in rows if row["runtime"] == "LiteRT" and row["loss"] <= _POINTS_SEARCHED]
    return [
        Target("int8 / float32 LiteRT: times smaller", smaller(integer), 3.9, at_least=True),
        Target("int8 / float32 LiteRT: times faster", faster(integer), 3.0, at_least=True),
        Target("int8: lower end of the loss's 95 % interval", integer["lossInterval"][0] * 100, 0.0, at_least=False),
        Target("pruned int8: times smaller, compressed", smaller(pruned, "compressedBytes"), 10.0, at_least=True),
        Target("pruned int8: points lost", pruned["loss"] * 100, 0.5, at_least=False),
        Target("student: times smaller", smaller(student), 100.0, at_least=True),
        Target("student: times faster", faster(student), 50.0, at_least=True),
        Target("student: points lost", student["loss"] * 100, 1.5, at_least=False),
        Target("bfloat16: times smaller", smaller(bfloat16, than=stripped), 1.95, at_least=True),
        Target("bfloat16: times faster at batch 1", faster(bfloat16, than=stripped), 1.3, at_least=True),
        Target(
            "search: size / smallest row that keeps the point",
            search / min(keeps),
            1.0,
            at_least=False,
        ),
        Target("strip() of basic-pitch: times faster to load", sooner("strip()"), 2.0, at_least=True),
        Target("freeze() of basic-pitch: times faster to load", sooner("freeze()"), 8.0, at_least=True),
    ]


def to_markdown(result: dict[str, Any]) -> str:
    """Render the page."""
    rows, loads = result["rows"], result["loadMilliseconds"]
    float32 = next(row for row in rows if row["name"] == FLOAT32)
    conditions = (
        f"{result['runs']} runs with seeds of their own on {result['machine']}, load {result['loadBefore']} before and "
        f"{result['loadAfter']} after; all models of a run are timed in turn, one thread, one image a call. Size, loss "
        "and latency are means over the runs, in brackets the least and the greatest. Only the ratios travel to other "
        "machines. Made by `npm run bench:optimizer`; how, and what it leaves out: "
        "[benchmark/README.md](../README.md)."
    )
    others = (
        f"`{BY_HAND}` is what TensorFlow's guide shows first; the other rows that are not ours are ai-edge-quantizer's "
        "stock recipes."
    )
    headings = "made by,recipe,size in bytes,`gzip -9`,accuracy,points lost (95 %),ms,times smaller,times faster"
    lines = [
        "# Optimizer",
        "",
        conditions,
        "",
        "## A CNN of 1.3 million weights, on 2,000 digits that nothing has seen",
        "",
        others,
        "",
        f"| {' | '.join(headings.split(','))} |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(row, float32) for row in rows),
        "",
        "## Loading basic-pitch 0.4.0 into a TensorFlow session",
        "",
        "| | median ms | times faster |",
        "|---|---|---|",
        *(f"| {name} | {value:.0f} | {loads[ORIGINAL] / value:.1f} |" for name, value in loads.items()),
        "",
        "## Targets",
        "",
        "| | measured | target | met |",
        "|---|---|---|---|",
        *(_target(one) for one in targets(rows, loads)),
    ]
    return "\n".join(lines) + "\n"


def _row(row: dict[str, Any], float32: dict[str, Any]) -> str:
    low, high = (value * 100 for value in row["lossInterval"])
    milliseconds = row["medianMilliseconds"]
    chosen = f" → {', '.join(row['chosen'])}" if row["name"] == SEARCH else ""
    cells = [
        row["madeBy"],
        f"{row['name']}{chosen}",
        _spread(row, "sizeBytes", "{:,.0f}"),
        f"{row['compressedBytes']:,.0f}",
        f"{row['accuracy']:.2%}",
        f"{row['loss'] * 100:.2f} ({low:.2f} to {high:.2f})",
        _spread(row, "medianMilliseconds", "{:.4f}") if milliseconds else "not measured",
        f"{float32['sizeBytes'] / row['sizeBytes']:.1f}",
        f"{float32['medianMilliseconds'] / milliseconds:.1f}" if milliseconds else "",
    ]
    return f"| {' | '.join(cells)} |"


def _spread(row: dict[str, Any], key: str, form: str) -> str:
    low, high = row[f"{key}Spread"]
    mean = form.format(row[key])
    return mean if form.format(low) == form.format(high) else f"{mean} [{form.format(low)}, {form.format(high)}]"


def _target(target: Target) -> str:
    bound = f"at {'least' if target.at_least else 'most'} {target.limit:g}"
    measured = "" if target.measured is None else f"{target.measured:.2f}"
    return f"| {target.text} | {measured} | {bound} | {target.met} |"
