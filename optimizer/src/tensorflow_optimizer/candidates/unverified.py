"""Explains why a candidate's decisions are not verified against the original."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.outcome import EvidenceKind
from ..evaluation import answers_of
from ..evaluation.closeness import is_close
from ..hints import Hint, Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..reference.measure import Reference
    from ..runners import Runner
    from .evaluator import CandidateEvaluator


#: Relative difference that is rounding between the same operators on the same weights, which a converter may reorder.
_ROUNDING = 1e-3


def why_unverified(
    evaluator: CandidateEvaluator, runner: Runner, signatures: Iterable[str], *, changed: bool
) -> Message | None:
    """Explain why the candidate is published as unverified, with the way out; None if it is verified.

    Args:
        evaluator: Measured the candidate.
        runner: The candidate.
        signatures: The candidate's signatures.
        changed: Its numbers differ from the original's.
    """
    reference, gate = evaluator.reference, evaluator.gate
    if not changed:
        return None
    if reference.evidence is EvidenceKind.GENERATED:
        return Message(
            "nothing shows that the candidate decides like the original; give evaluation data to prove it",
            (Hint.EVALUATION_DATA,),
        )
    unseen = [
        name
        for name in signatures
        if any(reference.key(name, answer) in gate.unseen for answer in reference.answers[name])
        or (name in reference.aliases and not _is_alias(name, runner, reference))
    ]
    if not unseen:
        return None
    return Message(
        f"nothing shows that the candidate decides like the original at {' and '.join(map(repr, unseen))}: evaluation "
        f"data is for the signature {reference.default!r}, and what the others decide cannot be compared by numbers; "
        "publish one signature, by its name",
        (Hint.SIGNATURE,),
    )


def _is_alias(name: str, runner: Runner, reference: Reference) -> bool:
    """Say whether a signature that is an alias of the original's default one still is."""
    dataset = reference.datasets[name]
    default, own = (answers_of(runner, entry, dataset, reference.batch) for entry in (reference.default, name))
    return all(is_close(default[key], value, _ROUNDING) for key, value in own.items())
