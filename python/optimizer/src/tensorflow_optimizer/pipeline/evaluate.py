"""Measures one candidate against the original, and lets the gate judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..evaluation import answers_of, check_sound, compare, interleaved_latency
from ..gate import judge
from ..outcome import Candidate, CandidateStatus, EvidenceKind, Metrics
from ..runners import RunError

if TYPE_CHECKING:
    from ..gate import GatePlan
    from ..runners import Runner
    from ..runners.runner import Arrays
    from .reference import Reference


class Built(Protocol):
    """A candidate that exists."""

    @property
    def runner(self) -> Runner:
        """It, loaded."""

    @property
    def size_bytes(self) -> int:
        """What is loaded."""


@dataclass(frozen=True)
class Measured:
    """What became of a candidate: the record, and whether it may go on."""

    candidate: Candidate
    passed: bool


def evaluate(
    name: str, built: Built, signatures: list[str], reference: Reference, gate: GatePlan, baseline: Runner | None
) -> Measured:
    """Return the candidate's record.

    Args:
        name: Of the candidate.
        built: The candidate.
        signatures: Those that it has.
        reference: The original and its answers.
        gate: The rules.
        baseline: What the latency is compared with; None: not measured.
    """
    answers: dict[str, Arrays] = {}
    runner = built.runner
    for signature in signatures:
        dataset = reference.datasets[signature]
        try:
            answers[signature] = answers_of(runner, signature, dataset, reference.batch)
            problem = check_sound(
                reference.runner, runner, signature, dataset, reference.answers[signature], answers[signature]
            )
        except RunError as error:
            problem = f"it does not run ({error})"
        if problem:
            at = "" if signature == reference.default else f" at the signature {signature!r}"
            return Measured(_failed(name, f"{problem}{at}"), passed=False)
    metrics = _metrics(built, reference, answers, baseline, reference.seed)
    rules = judge(gate, metrics)
    broken = [rule.sentence for rule in rules if not rule.passed]
    status = CandidateStatus.REJECTED if broken else CandidateStatus.PASSED
    return Measured(
        Candidate(name=name, status=status, reason="; ".join(broken), metrics=metrics, rules=rules), passed=not broken
    )


def _metrics(
    built: Built, reference: Reference, answers: dict[str, Arrays], baseline: Runner | None, seed: int
) -> Metrics:
    outputs = {
        reference.key(signature, name): compare(
            reference.tasks[signature][name],
            reference.answers[signature][name],
            value,
            reference.datasets[signature].labels.get(name),
            seed,
            real=reference.evidence is not EvidenceKind.GENERATED and signature == reference.default,
        )
        for signature, values in answers.items()
        for name, value in values.items()
    }
    runners = {"candidate": built.runner, **({"baseline": baseline} if baseline else {})}
    times = interleaved_latency(runners, reference.default, reference.datasets[reference.default])
    latency = times["candidate"].median
    return Metrics(
        evidence=reference.evidence,
        samples=reference.datasets[reference.default].count,
        outputs=outputs,
        size_bytes=built.size_bytes,
        latency_milliseconds=latency,
        latency_ratio=latency / times["baseline"].median if baseline else None,
    )


def _failed(name: str, reason: str) -> Candidate:
    return Candidate(name=name, status=CandidateStatus.FAILED, reason=reason)


def with_status(candidate: Candidate, status: CandidateStatus, reason: str = "") -> Candidate:
    """Return the record with another end."""
    return candidate.model_copy(update={"status": status, "reason": reason})
