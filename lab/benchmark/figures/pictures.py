"""The pictures of the page, each with its text and its conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.cold.subjects import BARE, C_PROGRAM, EMPTY, NATIVE, PLAIN, RUST, TRUE
from benchmark.cold.tables import CLIENT, PROCESS
from benchmark.figures.lines import Line, draw_lines
from benchmark.figures.rows import Row, draw_rows

if TYPE_CHECKING:
    from markupsafe import Markup

CLIENTS = 64
"""Number of clients in the servers' chart."""
_NO_MODEL = (EMPTY, RUST, TRUE, BARE)


@dataclass(frozen=True)
class Picture:
    """A section of the page."""

    name: str
    title: str
    svg: Markup
    says: str
    """Text below the chart."""
    measured: str
    """Conditions of the measurement."""


def starts(result: dict[str, Any]) -> Picture:
    """Draw how long each runtime takes to start."""
    tables = result["tables"]
    rows = [*tables[CLIENT], *(row for row in tables[PROCESS] if row["name"] == TRUE)]
    drawn = [
        Row(
            f"{row['name']}{', no model' if row['name'] in _NO_MODEL else ''}",
            f"{time['50']:,.1f} ms",
            time["50"],
            row["name"] == NATIVE,
            (time["25"], time["75"]),
            (time["1"], time["99"]),
        )
        for row in sorted(rows, key=lambda row: -row["milliseconds"]["50"])
        for time in (row["milliseconds"],)
    ]
    count = {row["name"]: row["starts"] for row in rows}
    median = {row["name"]: row["milliseconds"]["50"] for row in rows}
    compared = f", and {median[NATIVE] / median[C_PROGRAM]:.2f} times the time of a C program that does only this"
    return Picture(
        "starts",
        "From a start to the first prediction",
        draw_rows(drawn, "starts", "Time from a start to the first answer", "ms"),
        f"**{median[PLAIN] / median[NATIVE]:,.0f} times sooner than TensorFlow**"
        f"{compared if C_PROGRAM in median else ''}. A dot is the median, a bar has half of the starts, a line 98 % of "
        f"them: {count[NATIVE]:,} starts, and {count[PLAIN]:,} of what takes more than half a second.",
        f"{conditions(result)}. The digits CNN in a process of its own before a local Runtime API, files in memory. "
        "What AWS adds is in none.",
    )


def models(result: dict[str, Any]) -> Picture:
    """Draw what one row costs in the native program, beside LiteRT's interpreter for Python."""
    drawn = [
        Row(name, f"{time['median']:,.1f} µs", time["median"], key == "nativeRow", (time["lower"], time["upper"]))
        for row in result["rows"]
        for key, name in (("nativeRow", f"{row['architecture']}, {row['type']}"), ("bareRow", "in Python"))
        for time in (row[key],)
    ]
    return Picture(
        "models",
        "Seven architectures",
        draw_rows(drawn, "models", "Processor time of one row, by architecture", "processor time, µs"),
        "The native program is first, LiteRT's interpreter in Python below it. Both call the same kernels: what "
        "differs is the way to them. [The table](../lab/benchmark/results/models.md) has starts, 32 rows and two "
        "threads.",
        f"{conditions(result)}, {result['processor']}. One row on one thread, without a request. Weights are random.",
    )


def servers(result: dict[str, Any]) -> Picture:
    """Draw how many requests a processor answers in a second."""
    rows = [row for row in result["rows"] if row["clients"] == CLIENTS]
    drawn = [
        Row(
            f"{row['server']}, {row['artifact']}{', gRPC' if row['interface'] == 'gRPC' else ''}",
            f"{1e6 / row['processorMicroseconds']:,.0f}",
            1e6 / row["processorMicroseconds"],
            row["server"] == "model_server",
        )
        for row in sorted(rows, key=lambda row: row["processorMicroseconds"])
    ]
    return Picture(
        "servers",
        "Requests for a second of processor time",
        draw_rows(drawn, "servers", "Requests for a second of processor time", "requests"),
        "`model_server` is the program on EKS and EC2 with `server: ModelServer.LITERT`. "
        "[The table](../lab/benchmark/results/server.md) has latencies, memory and fewer clients.",
        f"{conditions(result)}. The digits CNN, one image a request, {CLIENTS} clients on the same machine.",
    )


def candidates(result: dict[str, Any]) -> Picture:
    """Draw what optimization makes of a model: how much smaller, and how much faster."""
    rows = [row for row in result["rows"] if row["runtime"] == "LiteRT" and row["medianMilliseconds"]]
    (float32,) = (row for row in rows if row["name"] == "none()")
    drawn = [
        Row(
            row["name"].split(" →")[0],
            f"{row['loss'] * 100:.2f} points",
            float32["sizeBytes"] / row["sizeBytes"],
            row["madeBy"] == "cdk-tensorflow",
        )
        for row in sorted(rows, key=lambda row: row["sizeBytes"])
    ]
    return Picture(
        "candidates",
        "Times smaller, and what is lost",
        draw_rows(drawn, "candidates", "Times smaller than float32, and points of accuracy lost", "times smaller"),
        "At the right is the accuracy that was lost, in points. Gray: by hand, and by ai-edge-quantizer's own recipes. "
        "[The table](../lab/benchmark/results/optimizer.md) has times, intervals and compressed sizes.",
        f"{conditions(result)}. A CNN of 1.3 million weights, 10,000 digits that nothing has seen; "
        f"runs: {result['runs']}.",
    )


def synthesis(result: dict[str, Any]) -> Picture:
    """Draw how long an app with several models is synthesized."""
    lines = [
        Line("models", [(row["models"], row["milliseconds"] / 1000) for row in result["rows"]]),
        Line("plain", [(row["models"], row["plain"] / 1000) for row in result["rows"]]),
    ]
    last = result["rows"][-1]
    return Picture(
        "synthesis",
        "Time of a synthesis",
        draw_lines(lines, "synthesis", "Time of a synthesis by number of models", "models in one stack", "s"),
        f"{last['models']} models take {last['ratio']:.2f} times as long as the same number of `Function`, "
        "`LayerVersion` and `Alias` of the CDK (plain). The first one makes the assets of all.",
        f"{result['machine']}. `ModelFunction` with caches filled, in processes of their own; medians of "
        f"{result['runs']} pairs.",
    )


def costs(result: dict[str, Any]) -> Picture:
    """Draw what a million requests cost on each path."""
    paths = {"function": "Lambda", "fleet": "EC2", "service": "EKS"}
    lines = [
        Line(title, [(row["rate"], row["perMillion"][path]) for row in result["rows"] if path in row["perMillion"]])
        for path, title in paths.items()
    ]
    return Picture(
        "costs",
        "What a million requests cost",
        draw_lines(lines, "costs", "Cost of a million requests by path", "requests a second", result["currency"]),
        "[`cdk-tensorflow recommend`](choosing-a-path.md#ask-for-a-recommendation) computes them from list prices of "
        f"{result['region']}, {result['date']}; `--prices` replaces those. EKS is with a cluster of its own. Requests "
        "come at this rate all day.",
        f"{conditions(result)}. The digits CNN, one image a request, 99 of 100 answers within {result['p99']} ms.",
    )


def conditions(result: dict[str, Any]) -> str:
    """Return the machine of a result, and its load."""
    return f"{result['machine']}, load {result['loadBefore']} before and {result['loadAfter']} after"
