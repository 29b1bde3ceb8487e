"""Writes the message of a failed rollout for CloudFormation. Pure: it sends no requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .faults import Fault

LIMIT = 850
"""Maximum characters of a message. CloudFormation cuts a reason at about a thousand, including its own text."""

_LOG_LIMIT = 400
_LOG_ENDS = ". Its log ends:\n"
_ELLIPSIS = "…"


def failure_message(faults: Sequence[Fault], name: str, ending: str, where: str, kind: str = "pods") -> str:
    """Return the reason of a failure, the most important words first.

    Args:
        faults: Why pods are not available, or instances must not go on.
        name: Namespace and name of the Deployment, or name of the Auto Scaling group.
        ending: What was the case in the end, and why the wait ended.
        where: Where the complete description is.
        kind: What has the faults, in the plural.
    """
    tail = f"\n{name}: {ending}. {where}"
    room = LIMIT - len(tail)
    parts: list[str] = []
    for what, group in _grouped(faults):
        part = _part(what, group, room, counted=kind if len(faults) > 1 else "")
        if parts and len("\n".join([*parts, part])) > room:
            break
        parts.append(part)
    return "\n".join(parts) + tail


def shorten_log(text: str, limit: int = _LOG_LIMIT) -> str:
    """Return the last lines of a log that fit, or the beginning of the last one."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    kept: list[str] = []
    for line in reversed(lines):
        if kept and len("\n".join([line, *kept])) > limit:
            break
        kept.insert(0, line)
    return _cut("\n".join(kept), limit)


def _part(what: str, group: list[Fault], room: int, *, counted: str) -> str:
    first = group[0]
    text = _cut(what, room // 2)
    if counted:
        text += f" ({len(group)} {counted})" if len(group) > 1 else f" ({first.pod})" if first.pod else ""
    text += _LOG_ENDS
    log = shorten_log(next((fault.log for fault in group if fault.log), ""), min(_LOG_LIMIT, room - len(text)))
    return f"{text}{log}" if log else text.removesuffix(_LOG_ENDS)


def _grouped(faults: Sequence[Fault]) -> list[tuple[str, list[Fault]]]:
    """Group equal faults: permanent ones first, then those of most pods."""
    groups: dict[Fault, list[Fault]] = {}
    for fault in faults:
        groups.setdefault(replace(fault, pod="", give_up_seconds=None, previous=False), []).append(fault)
    ranked = sorted(
        groups.values(), key=lambda group: (all(entry.give_up_seconds is None for entry in group), -len(group))
    )
    return [(group[0].what, group) for group in ranked]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(0, limit - len(_ELLIPSIS))].rstrip() + _ELLIPSIS
