"""Renders the results, and compares them with the targets."""

from __future__ import annotations

import statistics
from typing import Any

from benchmark.models.architectures import DENSE
from benchmark.optimizer.processor import DOT_PRODUCTS

_LEAST_POINTS = 2


def summary(values: list[float | None]) -> dict[str, float] | None:
    """Return the median of the rounds with its quartiles; None where there is nothing to measure."""
    found = [value for value in values if value is not None]
    if not found:
        return None
    if len(found) < _LEAST_POINTS:
        return {"median": found[0], "lower": found[0], "upper": found[0]}
    low, median, high = statistics.quantiles(found, n=4, method="inclusive")
    return {"median": median, "lower": low, "upper": high}


def to_markdown(result: dict[str, Any]) -> str:
    """Render the page."""
    rows = result["rows"]
    has = ", ".join(result["processorHas"]) or "none of the features that matter"
    dots = (
        "" if DOT_PRODUCTS in result["processorHas"] else f" It has no {DOT_PRODUCTS}: int8 is slower than elsewhere."
    )
    conditions = (
        f"One interleaved run of {result['rounds']} rounds on {result['machine']} ({result['processor']}), Python "
        f"{result['python']}, load {result['loadBefore']} before and {result['loadAfter']} after. The processor has "
        f"{has}.{dots} All times are processor time, except that of two threads; medians. Weights are random. Only "
        "ratios travel to other machines. Made by `npm run bench -- models`; how, and what it leaves out: "
        "[lab/benchmark/README.md](../README.md)."
    )
    lines = [
        "# Models",
        "",
        conditions,
        "",
        "Each cell has the native program first, and then LiteRT's interpreter for Python.",
        "",
        "| architecture | type | kB | start, ms | one row, µs | 32 rows, µs a row | two threads, of the time |",
        "|---|---|---|---|---|---|---|",
        *(_row(row) for row in rows),
        "",
        "## Several rows",
        "",
        "The rows of a run are those that the job chose before the rounds. A request has 32 rows as JSON.",
        "",
        "| architecture | type | rows of a run | a row, of its time alone | a request, of 32 bare calls |",
        "|---|---|---|---|---|",
        *(_rows_of_a_run(row) for row in rows),
        "",
        "## Targets",
        "",
        "| | measured | target | met |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {target['name']} | {target['measured']:.2f} | at most {target['target']:g} "
        f"| {'yes' if target['met'] else '**no**'}{target['note']} |"
        for target in result["targets"]
    ]
    return "\n".join(lines) + "\n"


def targets(rows: list[dict[str, Any]], processor_has: list[str]) -> list[dict[str, Any]]:
    """Return the targets with the measured values."""
    found = []
    for row in rows:
        title = f"{row['architecture']}, {row['type']}"
        if row["architecture"] == DENSE:
            limit = 0.25 if row["type"] == "float32" else 0.55
            found.append((f"{title}: 32 rows as JSON, of 32 bare calls", row["request"], limit, row))
            found.append((f"{title}: 32 rows inside LiteRT, of a row's time", row["nativeRows"], 0.15, row))
        elif row["convolutional"]:
            found.append((f"{title}: 32 rows inside LiteRT, of a row's time", row["nativeRows"], 1.1, row))
    lacks = "" if DOT_PRODUCTS in processor_has else f"; for a processor with {DOT_PRODUCTS}"
    return [
        {
            "name": name,
            "measured": measured["median"],
            "target": limit,
            "met": measured["median"] <= limit,
            "note": lacks if row["type"] == "int8" and not row["convolutional"] else "",
        }
        for name, measured, limit, row in found
        if measured is not None
    ]


def _row(row: dict[str, Any]) -> str:
    cells = [
        row["architecture"],
        row["type"],
        f"{row['bytes'] / 1000:,.0f}",
        _pair(row["nativeStart"], row["bareStart"], ".1f"),
        _pair(row["nativeRow"], row["bareRow"], ".1f"),
        f"{_times(row['nativeRow'], row['nativeRows'])} / {_times(row['bareRow'], row['bareRows'])}",
        _pair(row["nativeThreads"], row["bareThreads"], ".2f"),
    ]
    return f"| {' | '.join(cells)} |"


def _rows_of_a_run(row: dict[str, Any]) -> str:
    batch = row["batch"]
    text = (
        f"{batch['rows']}, from {batch['least']} on" if batch["rows"] > 1 else f"1: {_first_sentence(batch['reason'])}"
    )
    ratio = _with_quartiles(row["nativeRows"]) if batch["rows"] > 1 else "–"
    return f"| {row['architecture']} | {row['type']} | {text} | {ratio} | {_with_quartiles(row['request'])} |"


def _first_sentence(reason: str) -> str:
    """LiteRT's own words follow it."""
    return reason.partition(";")[0].replace("|", "\\|")


def _with_quartiles(value: dict[str, float] | None) -> str:
    return "–" if value is None else f"{value['median']:.2f} ({value['lower']:.2f} to {value['upper']:.2f})"


def _pair(native: dict[str, float] | None, bare: dict[str, float] | None, form: str) -> str:
    return " / ".join("–" if value is None else format(value["median"], form) for value in (native, bare))


def _times(row: dict[str, float], ratio: dict[str, float] | None) -> str:
    return "–" if ratio is None else f"{row['median'] * ratio['median']:.1f}"
