"""Describes a failed build for the user: one sentence, the candidates, and where to read more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from .. import aws
from ..errors import LONGEST_MESSAGE, in_one_line, shorten
from .hint_words import hint_lines
from .start import QUOTA_ADVICE

if TYPE_CHECKING:
    from mypy_boto3_codebuild.type_defs import BuildTypeDef

    from ..store import Store

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
_LOG_LINES = 15
#: Log events to read, including lines that CodeBuild writes in between.
_LOG_EVENTS = 100
_ECHO = "[Container] "
_LONGEST_STATUS = 1_000
_MOST_CANDIDATES = 12
_LONGEST_REASON = 160
_HEADINGS = ("candidate", "result", "size", "accuracy", "loss", "MAE", "increase", "agreement", "error", "reason")


def failure_message(store: Store, prefix: str, build: BuildTypeDef, note: str = "") -> str:
    """Return the message for an unsuccessful build, in at most 2,500 bytes.

    The addresses at the end are never cut; the text before them is, a log at its beginning.

    Args:
        store: The model's bucket.
        prefix: The model's prefix in it.
        build: The build.
        note: A sentence of the caller, shown uncut below the optimizer's.
    """
    outcome, report = read_outcome(store, prefix, build), report_key(store, prefix, build)
    addresses = []
    if report:
        addresses.append(f"Report: {store.address(report)}")
    addresses.append(f"Build: {console_url(build)}")
    tail = "\n" + "\n".join(addresses)
    room = LONGEST_MESSAGE - len(tail.encode("utf-8"))
    # Skipped after a successful run: publishing has failed, and the outcome's sentence would report success.
    if outcome is not None and outcome.get("sentence") and outcome.get("exitCode") != 0:
        # Cut the sentence, not the hints that say what to do.
        hints = "\n".join(["", *hint_lines(outcome.get("hints", [])), *([note] if note else [])])
        sentence = shorten(in_one_line(str(outcome["sentence"])), room - len(hints.encode("utf-8"))) + hints
        text = "\n".join([sentence, *candidate_table(outcome.get("candidates", []))])
    else:
        text = _with_log(shorten(_status_sentence(build), _LONGEST_STATUS), _last_log_lines(build), room)
    return shorten(text, room) + tail


def read_outcome(store: Store, prefix: str, build: BuildTypeDef) -> dict[str, Any] | None:
    """Return a build's outcome.json, or None if it left none."""
    return store.read_document(f"{_directory(prefix, build)}outcome.json")


def report_key(store: Store, prefix: str, build: BuildTypeDef) -> str:
    """Return the key of a build's report; empty if it left none."""
    key = f"{_directory(prefix, build)}report.html"
    return key if store.exists(key) else ""


def _directory(prefix: str, build: BuildTypeDef) -> str:
    return f"{prefix}/builds/{short_id(build['id'])}/"


def short_id(build_id: str) -> str:
    """Return the part of CodeBuild's id after the colon, which names the build's directory in the bucket."""
    return build_id.partition(":")[2]


def console_url(build: BuildTypeDef) -> str:
    """Return the URL of a build in the console of its partition."""
    _, partition, _, region, account, _ = build["arn"].split(":", 5)
    project = build["projectName"]
    host = _CONSOLES.get(partition, _CONSOLES["aws"])
    return (
        f"https://{region}.{host}/codesuite/codebuild/{account}/projects/{quote(project)}"
        f"/build/{quote(build['id'], safe='')}/?region={region}"
    )


def candidate_table(candidates: list[dict[str, Any]]) -> list[str]:
    """Return headings and one line per candidate; empty if there are none."""
    if not candidates:
        return []
    rows: list[tuple[str, ...]] = [_HEADINGS]
    rows += [_row(candidate) for candidate in candidates[:_MOST_CANDIDATES]]
    # Drop columns that no candidate fills.
    columns = [column for column in range(len(rows[0])) if any(row[column] for row in rows[1:])]
    widths = {column: max(len(row[column]) for row in rows) for column in columns}
    lines = ["  ".join(row[column].ljust(widths[column]) for column in columns).rstrip() for row in rows]
    more = len(candidates) - _MOST_CANDIDATES
    return ["", *lines, *([f"and {more} more, in the report"] if more > 0 else [])]


def _row(candidate: dict[str, Any]) -> tuple[str, ...]:
    metrics = candidate.get("metrics") or {}
    outputs = list((metrics.get("outputs") or {}).values())
    return (
        shorten(in_one_line(str(candidate.get("name", ""))), _LONGEST_REASON),
        shorten(in_one_line(str(candidate.get("status", ""))), _LONGEST_REASON),
        _bytes(metrics.get("sizeBytes")),
        _number(min(_values(outputs, "accuracy"), default=None)),
        _number(max(_values(outputs, "accuracyLoss"), default=None)),
        _significant(_worst_regression(outputs).get("meanAbsoluteError")),
        _number(_worst_regression(outputs).get("errorIncrease")),
        _number(min(_values(outputs, "agreement"), default=None)),
        _number(max(_values(outputs, "relativeError"), default=None)),
        shorten(in_one_line(str(candidate.get("reason") or "")), _LONGEST_REASON),
    )


def _worst_regression(outputs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the regression whose error increased most: MAEs in different units are not comparable."""
    regressions = [output for output in outputs if output.get("meanAbsoluteError") is not None]
    return max(regressions, key=lambda output: output.get("errorIncrease") or 0.0, default={})


def _significant(value: float | None) -> str:
    """Format a number in the unit of the labels, of any magnitude."""
    return "" if value is None else f"{value:.4g}"


def _values(outputs: list[dict[str, Any]], name: str) -> list[float]:
    return [output[name] for output in outputs if output.get(name) is not None]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) >= 0.0001 else f"{value:.1g}"


def _bytes(size: int | None) -> str:
    if size is None:
        return ""
    return f"{size / 1e6:.2f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def _status_sentence(build: BuildTypeDef) -> str:
    """Describe how a build without an outcome.json ended."""
    status = build["buildStatus"]
    phases = build.get("phases", [])
    if status == "TIMED_OUT":
        if any(phase.get("phaseType") == "QUEUED" and phase.get("phaseStatus") == "TIMED_OUT" for phase in phases):
            minutes = build["queuedTimeoutInMinutes"]
            return f"the build did not start within {minutes} minutes: it waited in the queue, because {QUOTA_ADVICE}"
        return (
            f"the build did not end within {build['timeoutInMinutes']} minutes: use a larger computeType, less "
            "evaluation data or a longer optimizationTimeout"
        )
    if status == "SUCCEEDED":
        return (
            "the build succeeded, but what it published is not complete: somebody has deleted files of this model; "
            "deploy again to publish it under another number"
        )
    if status == "STOPPED":
        return "the build was stopped: deploy again to start another one"
    failed: dict[str, Any] = next((dict(it) for it in phases if it.get("phaseStatus", "SUCCEEDED") != "SUCCEEDED"), {})
    said = next((context["message"] for context in failed.get("contexts", []) if context.get("message")), "")
    where = f" in phase {failed['phaseType']}" if "phaseType" in failed else ""
    return f"the build ended with status {status}{where}" + (f": {said}" if said else "")


def _last_log_lines(build: BuildTypeDef) -> list[str]:
    where = build.get("logs", {})
    if not where.get("groupName") or not where.get("streamName"):
        return []
    try:
        events = aws.logs().get_log_events(
            logGroupName=where["groupName"], logStreamName=where["streamName"], limit=_LOG_EVENTS, startFromHead=False
        )["events"]
    except (ClientError, BotoCoreError):
        return []  # the console link leads there
    # Lines are CodeBuild's, one for each event; what is inside of one may be the model's.
    lines = [in_one_line(line) for event in events for line in event["message"].splitlines()]
    return [line for line in lines if line and not line.startswith(_ECHO)][-_LOG_LINES:]


def _with_log(sentence: str, lines: list[str], size: int) -> str:
    """Return the sentence with as many of the newest log lines as fit."""
    while lines:
        text = "\n".join([sentence, "", "The last lines of its log:", *lines])
        if len(text.encode("utf-8")) <= size or len(lines) == 1:
            return text
        lines = lines[1:]
    return sentence
