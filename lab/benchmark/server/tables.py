"""Renders the results as Markdown."""

from __future__ import annotations

from typing import Any


def to_markdown(result: dict[str, Any]) -> str:
    """Render the page."""
    models = ", ".join(f"`{kind}` is candidate `{candidate}`" for kind, candidate in result["candidates"].items())
    setting = (
        f"One interleaved run of {result['rounds']} rounds of {result['seconds']:g} s a cell over loopback on "
        f"{result['machine']}, Python {result['python']}, load {result['loadBefore']} before and "
        f"{result['loadAfter']} after. Model: the digits CNN of `examples/digits`: {models}. "
        f"{result['workers']} workers for every server, with one thread each; the load generator runs beside "
        "them on the same processors. Only what is compared within one run travels to other machines. Made by "
        "`npm run bench -- server`; how, and what it leaves out: [lab/benchmark/README.md](../README.md)."
    )
    lines = ["# Servers", "", setting, ""]
    lines += [f"**Left out**: {reason}.\n" for reason in result["missing"]]
    lines += [*_requests(result), "", *_bare(result), "", "## Start and memory", "", *_servers(result), ""]
    lines += [*_soak(result), *_targets(result)]
    return "\n".join(lines) + "\n"


def _requests(result: dict[str, Any]) -> list[str]:
    return [
        "| server | model | interface | clients | requests a second | p50 ms | p99 ms | processor µs | × `invoke` |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {row['server']} | {row['artifact']} | {row['interface']} | {row['clients']} | {row['perSecond']:,.0f} "
            f"| {row['p50Milliseconds']:.2f} | {row['p99Milliseconds']:.2f} | {row['processorMicroseconds']:,.0f} "
            f"| {row['timesBare']:.2f} |"
            for row in sorted(result["rows"], key=lambda row: (row["interface"], row["server"], row["artifact"]))
        ),
    ]


def _bare(result: dict[str, Any]) -> list[str]:
    return [
        "## The bare `invoke`",
        "",
        "| model | processor µs | processor µs with all processors computing |",
        "|---|---|---|",
        *(f"| {kind} | {taken['alone']:,.1f} | {taken['all']:,.1f} |" for kind, taken in result["bare"].items()),
    ]


def _servers(result: dict[str, Any]) -> list[str]:
    return [
        "| server | model | start to first answer ms | peak resident MiB | proportional share MiB |",
        "|---|---|---|---|---|",
        *(
            f"| {row['server']} | {row['artifact']} | {row['startMilliseconds']:,.1f} | {row['peakMebibytes']:,.1f} "
            f"| {row['proportionalMebibytes']:,.1f} |"
            for row in result["servers"]
        ),
    ]


def _soak(result: dict[str, Any]) -> list[str]:
    soak = result.get("soak")
    if soak is None:
        return []
    grown = "flat" if soak["isFlat"] else "**not flat**"
    text = (
        f"{soak['server']} with the {soak['artifact']} model answered all of {soak['requests']:,} requests in "
        f"{soak['minutes']:g} minutes, {soak['rate']:,} a second from {soak['clients']} clients, with a p99 of at most "
        f"{soak['worstP99Milliseconds']:.2f} ms in any twentieth of the time. Resident memory was {grown}: "
        f"{soak['settledMebibytes']:.1f} MiB after a quarter, {soak['lastMebibytes']:.1f} MiB at the end."
    )
    return ["## Soak", "", text, ""]


def _targets(result: dict[str, Any]) -> list[str]:
    return [
        "## Targets",
        "",
        "For model_server with the optimized model.",
        "",
        "| | measured | target | met |",
        "|---|---|---|---|",
        *(
            f"| {row['name']} | {row['value']:.2f} | at most {row['target']:g} {row['unit']} "
            f"| {'yes' if row['met'] else '**no**'} |"
            for row in result["targets"]
        ),
    ]
