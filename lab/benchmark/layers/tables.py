"""Renders the results, and compares them with the targets."""

from __future__ import annotations

from typing import Any

from benchmark.layers.recipes import DEFAULT, INT4, SEARCH
from benchmark.optimizer.rows import FLOAT32
from benchmark.optimizer.targets import Target

_POINT = 0.01


def to_markdown(result: dict[str, Any]) -> str:
    """Render the page."""
    conditions = (
        f"Runs: {result['runs']}, each with a seed of its own, on {result['machine']}, Python {result['python']}, load "
        f"{result['loadBefore']} before and {result['loadAfter']} after; all models of a run are timed in turn, one "
        "thread, one image. The time is that of LiteRT's `invoke` alone. Only the ratios travel to other machines. "
        "Made by `npm run bench -- layers`; how, and what it leaves out: [lab/benchmark/README.md](../README.md). The "
        f"processor has {', '.join(result['processorHas'])}."
    )
    lines = ["# Recipes by kind of layer", "", conditions]
    for name, rows in result["networks"].items():
        float32 = _named(rows, FLOAT32)
        lines += [
            "",
            f"## {name}",
            "",
            "| made by | recipe | bytes | of float32's | points lost (95 %) | ms | of float32's |",
            "|---|---|---|---|---|---|---|",
            *(_row(row, float32) for row in rows if row["runtime"] == "LiteRT"),
        ]
    lines += ["", "## Targets", "", "| | measured | target | met |", "|---|---|---|---|"]
    lines += [
        f"| {target['name']} | {target['measured']:.3f} | {target['target']} | {'yes' if target['met'] else '**no**'} |"
        for target in result["targets"]
    ]
    return "\n".join(lines) + "\n"


def targets(tables: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the targets with the measured values."""
    mobile, efficient, dense = tables.values()
    default, floats, integer = (_named(mobile, name) for name in (DEFAULT, FLOAT32, "fullInteger()"))
    mixed, dynamic = _named(efficient, INT4), _named(efficient, "dynamicRange()")
    smallest, int8, dense_floats = (_named(dense, name) for name in (SEARCH, "dynamicRange()", FLOAT32))
    found = [
        Target("MobileNetV2, default: of float32's time", _ratio(default, floats, _TIME), 1.0, at_least=False),
        Target("MobileNetV2, default: of float32's bytes", _ratio(default, floats, _SIZE), 0.30, at_least=False),
    ]
    if integer["loss"] <= _POINT:
        ratio = _ratio(integer, floats, _TIME)
        found.append(Target("MobileNetV2, `fullInteger()`: of float32's time", ratio, 0.75, at_least=False))
    found += [
        Target("EfficientNetB0, mixed: of dynamic range's time", _ratio(mixed, dynamic, _TIME), 0.85, at_least=False),
        Target("EfficientNetB0, mixed: of dynamic range's bytes", _ratio(mixed, dynamic, _SIZE), 1.1, at_least=False),
        Target("dense, search by size: times smaller", _ratio(dense_floats, smallest, _SIZE), 6.5, at_least=True),
        Target("dense, search by size: of int8's time", _ratio(smallest, int8, _TIME), 1.0, at_least=False),
        Target("dense, search by size: points lost", smallest["loss"] * 100, 0.1, at_least=False),
    ]
    return [target.record([]) for target in found]


_TIME, _SIZE = "medianMilliseconds", "sizeBytes"


def _ratio(row: dict[str, Any], other: dict[str, Any], key: str) -> float:
    return float(row[key] / other[key])


def _named(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(row for row in rows if row["name"] == name)


def _row(row: dict[str, Any], float32: dict[str, Any]) -> str:
    low, high = (value * 100 for value in row["lossInterval"])
    chosen = f" → {', '.join(f'`{name}`' for name in row['chosen'])}" if len(row["chosen"]) else ""
    cells = [
        row["madeBy"],
        f"{row['name']}{chosen if row['name'].startswith(('forLiteRt', 'search')) else ''}",
        f"{row[_SIZE]:,.0f}",
        f"{_ratio(row, float32, _SIZE):.3f}",
        f"{row['loss'] * 100:.2f} ({low:.2f} to {high:.2f})",
        f"{row[_TIME]:.4f}",
        f"{_ratio(row, float32, _TIME):.2f}",
    ]
    return f"| {' | '.join(cells)} |"
