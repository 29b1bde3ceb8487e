"""Renders the results as JSON and Markdown."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from benchmark.cold.subjects import C_PROGRAM, EMPTY, NATIVE, PLAIN

if TYPE_CHECKING:
    from benchmark.cold.starts import Start

PROCESS, CLIENT = "process", "Runtime API"
TITLES = {
    PROCESS: "Python without a runtime client: spawn to first answer",
    CLIENT: "Against a local Runtime API, Python through `awslambdaric`: spawn to response posted",
}
LESS, MORE = "at most", "at least"
# Dividend, divisor, limit, and whether the ratio of medians must be at least or at most the limit.
RATIOS = (
    (PLAIN, NATIVE, 250.0, MORE),
    (NATIVE, EMPTY, 0.25, LESS),
    (NATIVE, C_PROGRAM, 1.15, LESS),
)
MOST_MEBIBYTES = 16.0
MET = {True: "yes", False: "**no**", None: "unknown"}


def summarize(starts: dict[str, list[Start]]) -> list[dict[str, Any]]:
    """Return one row per subject."""
    slowest = statistics.median(start.milliseconds for start in starts[PLAIN])
    rows = []
    for name, measured in starts.items():
        milliseconds = [start.milliseconds for start in measured]
        median = statistics.median(milliseconds)
        rows.append(
            {
                "name": name,
                "medianMilliseconds": round(median, 2),
                "minMilliseconds": round(min(milliseconds), 2),
                "peakMebibytes": round(statistics.median(start.peak_mebibytes for start in measured), 1),
                "timesFasterThanPlainTensorFlow": round(slowest / median, 1),
            }
        )
    return rows


def targets(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the project's targets for the second table, met or not; without a figure where a subject was left out."""
    medians = {row["name"]: row["medianMilliseconds"] for row in rows}
    found = []
    for dividend, divisor, limit, direction in RATIOS:
        measured = dividend in medians and divisor in medians
        value = medians[dividend] / medians[divisor] if measured else None
        found.append(_target(f"{dividend} / {divisor}, ratio of medians", value, limit, direction))
    (peak,) = (row["peakMebibytes"] for row in rows if row["name"] == NATIVE)
    found.append(_target(f"{NATIVE}, peak memory in MiB", peak, MOST_MEBIBYTES, LESS))
    return found


def _target(name: str, value: float | None, limit: float, direction: str) -> dict[str, Any]:
    met = None if value is None else value >= limit if direction == MORE else value <= limit
    return {
        "name": name,
        "value": None if value is None else round(value, 2),
        "target": f"{direction} {limit:g}",
        "met": met,
    }


def to_markdown(result: dict[str, Any]) -> str:
    """Render the page."""
    setting = (
        f"One interleaved run of {result['rounds']} rounds on {result['machine']}, Python {result['python']}, "
        f"load {result['loadBefore']} before and {result['loadAfter']} after; page cache warm. "
        f"Model: the digits CNN of `examples/digits`, candidate `{result['candidate']}` of the default recipe. "
        "Only the ratios travel to other machines. Made by `npm run bench -- cold`; how, and what it leaves out: "
        "[benchmark/README.md](../README.md)."
    )
    lines = ["# Cold start", "", setting]
    for table, title in TITLES.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| | median ms | minimum ms | peak memory MiB | times faster than plain TensorFlow |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {row['name']} | {row['medianMilliseconds']:.1f} | {row['minMilliseconds']:.1f} | "
            f"{row['peakMebibytes']:.0f} | {row['timesFasterThanPlainTensorFlow']:.1f} |"
            for row in result["tables"][table]
        ]
    if result["leftOut"]:
        lines += ["", "Left out:", "", *(f"- {sentence}" for sentence in result["leftOut"])]
    lines += ["", "## Targets", "", "Of the second table.", "", "| | measured | target | met |", "|---|---|---|---|"]
    lines += [
        f"| {row['name']} | {'not measured' if row['value'] is None else format(row['value'], '.2f')} "
        f"| {row['target']} | {MET[row['met']]} |"
        for row in result["targets"]
    ]
    return "\n".join(lines) + "\n"
