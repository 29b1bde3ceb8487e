"""Renders the results as JSON and Markdown."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from benchmark.cold.subjects import EMPTY, NATIVE, PLAIN

if TYPE_CHECKING:
    from benchmark.cold.subjects import Start

PROCESS, CLIENT = "process", "Runtime API"
TITLES = {
    PROCESS: "Python without a runtime client: spawn to first answer",
    CLIENT: "Against a local Runtime API, Python through `awslambdaric`: spawn to response posted",
}
# (table, dividend, divisor, limit, whether the ratio must be at least or at most the limit)
TARGETS = (
    (CLIENT, PLAIN, NATIVE, 250.0, "at least"),
    (CLIENT, NATIVE, EMPTY, 0.25, "at most"),
)


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


def ratios(tables: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the ratios of medians that the project has as targets, met or not."""
    found = []
    for table, dividend, divisor, limit, direction in TARGETS:
        medians = {row["name"]: row["medianMilliseconds"] for row in tables[table]}
        ratio = round(medians[dividend] / medians[divisor], 2)
        met = ratio >= limit if direction == "at least" else ratio <= limit
        found.append(
            {
                "table": table,
                "ratio": f"{dividend} / {divisor}",
                "value": ratio,
                "target": f"{direction} {limit:g}",
                "met": met,
            }
        )
    return found


def to_markdown(result: dict[str, Any]) -> str:
    """Render the page."""
    setting = (
        f"One interleaved run of {result['rounds']} rounds on {result['machine']}, Python {result['python']}, "
        f"load {result['loadBefore']} before and {result['loadAfter']} after; page cache warm. "
        f"Model: the digits CNN of `examples/digits`, candidate `{result['candidate']}` of the default recipe. "
        "Only the ratios travel to other machines. Made by `npm run bench:cold`; how, and what it leaves out: "
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
    lines += ["", "## Targets", "", "| table | ratio of medians | measured | target | met |", "|---|---|---|---|---|"]
    lines += [
        f"| {row['table']} | {row['ratio']} | {row['value']:.2f} | {row['target']} "
        f"| {'yes' if row['met'] else '**no**'} |"
        for row in result["ratios"]
    ]
    return "\n".join(lines) + "\n"
