"""Renders the results as JSON and Markdown: means of several runs with their spread, and the targets, met or not."""

from __future__ import annotations

import statistics
from typing import Any

from benchmark.optimizer.processor import FEATURES
from benchmark.optimizer.rows import BY_HAND, FLOAT32, ORIGINAL, SEARCH


def combine(runs: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return one record per row: means over the runs, with the least and the greatest value."""
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


def to_markdown(result: dict[str, Any]) -> str:
    """Render the page."""
    rows, loads = result["rows"], result["loadMilliseconds"]
    float32 = next(row for row in rows if row["name"] == FLOAT32)
    conditions = (
        f"Runs: {result['runs']}, each with a seed of its own, on {result['machine']}, Python {result['python']}, load "
        f"{result['loadBefore']} before and {result['loadAfter']} after; all models of a run are timed in turn, one "
        "thread, one image. Size, loss and latency are means over the runs, in brackets the least and the greatest. "
        "The time of a `.tflite` file is that of LiteRT's `invoke` alone. Only the ratios travel to other "
        "machines. Made by `npm run bench -- optimizer`; how, and what it leaves out: "
        "[lab/benchmark/README.md](../README.md)."
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
        "## A CNN of 1.3 million weights, on 10,000 digits that nothing has seen",
        "",
        others,
        "",
        f"| {' | '.join(headings.split(','))} |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(row, float32) for row in rows),
        "",
        "## Loading basic-pitch 0.4.0 into a TensorFlow session",
        "",
        f"{result['loadRounds']} rounds, in each of which every model is loaded once, in a process of its own.",
        "",
        "| | median ms | quartiles ms | times faster |",
        "|---|---|---|---|",
        *(
            f"| {name} | {median:.0f} | {low:.0f} to {high:.0f} | {loads[ORIGINAL][1] / median:.1f} |"
            for name, (low, median, high) in loads.items()
        ),
        "",
        "## Targets",
        "",
        f"Ratios of the tables above. {_processor(result['processorHas'])}",
        "",
        "| | measured | target | met |",
        "|---|---|---|---|",
        *(_target(target) for target in result["targets"]),
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


def _processor(features: list[str]) -> str:
    """Say which processor features of the targets this machine lacks."""
    lacking = [name for name in FEATURES if name not in features]
    has = f"The processor has {', '.join(features) or 'none of the features asked for'}"
    return f"{has}; it lacks {', '.join(lacking)}." if lacking else f"{has}."


def _target(target: dict[str, Any]) -> str:
    met = {True: "yes", False: "**no**", None: "not measured"}[target["met"]]
    if target["lacks"] and not target["met"]:
        met += f"; set for processors with {target['lacks']}"
    measured = "" if target["measured"] is None else f"{target['measured']:.2f}"
    return f"| {target['name']} | {measured} | {target['target']} | {met} |"
