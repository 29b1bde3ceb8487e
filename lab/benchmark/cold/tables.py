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
#: Limits of the 99th percentile of the native program's starts against the median.
MOST_SPREAD = {"processorMilliseconds": 1.3, "milliseconds": 2.0}
#: Fewest starts for which a 99th percentile means something.
LEAST_STARTS = 1000
PERCENTILES = (1, 25, 50, 75, 99)
MET = {True: "yes", False: "**no**", None: "unknown"}


def summarize(starts: dict[str, list[Start]]) -> list[dict[str, Any]]:
    """Return one row per subject."""
    slowest = statistics.median(start.milliseconds for start in starts[PLAIN])
    rows = []
    for name, measured in starts.items():
        milliseconds = _percentiles([start.milliseconds for start in measured])
        rows.append(
            {
                "name": name,
                "starts": len(measured),
                "milliseconds": milliseconds,
                "processorMilliseconds": _percentiles([start.processor_milliseconds for start in measured]),
                "peakMebibytes": round(statistics.median(start.peak_mebibytes for start in measured), 1),
                "timesFasterThanPlainTensorFlow": round(slowest / milliseconds["50"], 1),
            }
        )
    return rows


def _percentiles(values: list[float]) -> dict[str, float]:
    found = statistics.quantiles(values, n=100, method="inclusive")
    return {str(percent): round(found[percent - 1], 3) for percent in PERCENTILES}


def targets(rows: list[dict[str, Any]], rounds: int) -> list[dict[str, Any]]:
    """Return the project's targets for the second table, met or not; without a figure where a subject was left out."""
    medians = {row["name"]: row["milliseconds"]["50"] for row in rows}
    found = []
    for dividend, divisor, limit, direction in RATIOS:
        measured = dividend in medians and divisor in medians
        value = medians[dividend] / medians[divisor] if measured else None
        found.append(_target(f"{dividend} / {divisor}, ratio of medians", value, limit, direction))
    (native,) = (row for row in rows if row["name"] == NATIVE)
    found.append(_target(f"{NATIVE}, peak memory in MiB", native["peakMebibytes"], MOST_MEBIBYTES, LESS))
    for time, limit in MOST_SPREAD.items():
        spread = native[time]["99"] / native[time]["50"] if rounds >= LEAST_STARTS else None
        kind = "on the clock" if time == "milliseconds" else "of processor time"
        found.append(_target(f"{NATIVE}, 99th percentile / median {kind}", spread, limit, LESS))
    return found


def _times(percentiles: dict[str, float]) -> str:
    return f"{percentiles['50']:.1f} | {percentiles['1']:.1f} to {percentiles['99']:.1f}"


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
        "[lab/benchmark/README.md](../README.md)."
    )
    lines = ["# Cold start", "", setting]
    for table, title in TITLES.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| | starts | ms | 98 % of them | processor ms | 98 % of them | peak MiB | times faster than TensorFlow |",
            "|---|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {row['name']} | {row['starts']:,} | {_times(row['milliseconds'])} | "
            f"{_times(row['processorMilliseconds'])} | {row['peakMebibytes'] or '–'} | "
            f"{row['timesFasterThanPlainTensorFlow']:.1f} |"
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
