"""One sentence about a published model, for the deployment's output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.outcome import EvidenceKind
from ..report.figures import megabytes, percent, small, smaller, worst_output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..documents.manifest import Draft

_ON = "on"
#: Leaves room within the 4 KB of a custom resource's response.
_LIMIT = 300


def summarize(draft: Draft) -> str:
    """Return for example `float16, 0.94 MB (÷2.0), accuracy 98.30 % → 98.30 %, native`."""
    before, after = draft.original, draft.evaluation
    size = megabytes(draft.size_bytes) + (f" ({smaller(before.size_bytes, draft.size_bytes)})" if before else "")
    parts = [draft.candidate, size]
    if after is not None:
        name, output = worst_output(after, draft.gate_results)
        earlier = before.outputs.get(name) if before and name else None
        if output and output.accuracy is not None and earlier and earlier.accuracy is not None:
            parts.append(f"accuracy {percent(earlier.accuracy)} → {percent(output.accuracy)}")
        elif output and output.mean_absolute_error is not None and earlier and earlier.mean_absolute_error is not None:
            errors = f"{small(earlier.mean_absolute_error)} → {small(output.mean_absolute_error)}"
            parts.append(f"mean absolute error {errors}")
        elif output and output.agreement is not None and after.evidence is not EvidenceKind.GENERATED:
            parts.append(f"agreement {percent(output.agreement)}")
        elif output and output.relative_error is not None:
            generated = " on generated inputs" if after.evidence is EvidenceKind.GENERATED else ""
            parts.append(f"relative error {output.relative_error:.2g}{generated}")
    if draft.unverified:
        parts.append("unverified")
    if draft.source.allowed_operations:
        parts.append(f"allowed: {' '.join(draft.source.allowed_operations)}")
    if draft.requirements.runtime is not None:
        parts.append(draft.requirements.runtime.value)
    text = ", ".join(parts)
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"


def summarize_isolation(layers: Mapping[str, str]) -> str:
    """Return for example `user, files, calls on; network off (it needs CAP_SYS_ADMIN)`; empty if nothing is known.

    Args:
        layers: State of each layer, as in the outcome.
    """
    on = [name for name, state in layers.items() if state == _ON]
    off = [f"{name} off ({state.removeprefix('off: ')})" for name, state in layers.items() if state != _ON]
    text = "; ".join([*([f"{', '.join(on)} on"] if on else []), *off])
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"
