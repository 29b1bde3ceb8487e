"""Renders the results as Markdown."""

from __future__ import annotations

from typing import Any


def to_markdown(result: dict[str, Any]) -> str:
    """Render the page."""
    setting = (
        f"One interleaved run of {result['rounds']} rounds on {result['machine']}, Python {result['python']}, "
        f"load {result['loadBefore']} before and {result['loadAfter']} after. "
        f"Model: the digits CNN of `examples/digits`, candidate `{result['candidate']}` of the default recipe, "
        "with one thread. Only what is compared within one run travels to other machines. Made by "
        "`npm run bench -- warm`; how, and what it leaves out: [lab/benchmark/README.md](../README.md)."
    )
    lines = ["# Warm requests", "", setting, "", "| | median µs | quartiles µs |", "|---|---|---|"]
    lines += [
        f"| {row['name']} | {row['medianMicroseconds']:.1f} "
        f"| {row['lowerQuartile']:.1f} to {row['upperQuartile']:.1f} |"
        for row in result["rows"]
    ]
    lines += [
        "",
        "## Targets",
        "",
        "| | median | quartiles | target | met |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['name']} | {row['median']:.2f} | {row['lowerQuartile']:.2f} to {row['upperQuartile']:.2f} "
        f"| at most {row['target']:g} {row['unit']} | {'yes' if row['met'] else '**no**'} |"
        for row in result["targets"]
    ]
    return "\n".join(lines) + "\n"
