"""Measures candidates against the original, and lets the gate judge them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..documents.job import ModelTask
from ..documents.outcome import Candidate, CandidateStatus, EvidenceKind, LayerError, Metrics, RuleResult, Split
from ..errors import GateError
from ..evaluation import (
    EvaluationCase,
    answers_of,
    check_sound,
    collapse,
    comparable,
    compare,
    interleaved_latency,
    is_slower,
    latency_ratio,
    layer_errors,
    lost_numbers,
    may_be_slower,
    measured_twice,
    rarest,
    worse_than_constant,
)
from ..gate import judge
from ..processes import environment, progress_events
from ..runners import RemoteLiteRt, RunError
from ..sandbox import LeafEndedError
from .litert_artifact import LoadedLiteRt

if TYPE_CHECKING:
    from ..errors import OptimizerError
    from ..gate import GatePlan
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from ..reference.serving import ServingVersion
    from ..runners import Runner
    from ..runners.runner import Arrays
    from .candidate import LoadedCandidate

#: Samples that show what quantization does to each layer.
_LAYER_ROWS = 16
#: A larger float32 conversion is in memory only while a candidate is compared with it.
RESTS_ABOVE_BYTES = 64 << 20


@dataclass(frozen=True)
class CandidateEvaluator:
    """Measures all candidates of a job against the same original, data and gate."""

    reference: Reference
    gate: GatePlan
    baseline: Runner | None
    """Compare latency with it; None: not at all."""
    split: Split = Split.GATE
    """Split of the evaluation data that the samples of the reference come from."""
    serving: ServingVersion | None = None
    """The version to compare with; None: none serves, or the gate does not ask."""

    def evaluate(self, name: str, loaded: LoadedCandidate) -> Candidate:
        """Return the candidate's record: passed, rejected by the gate, or failed before the gate."""
        reference = self.reference
        answers: dict[str, Arrays] = {}
        for signature in loaded.signatures:
            problem = self._answer(name, loaded.runner, signature, answers)
            if problem:
                at = "" if signature == reference.default else f" at the signature {signature!r}"
                return record(name, CandidateStatus.FAILED, f"{problem}{at}")
        metrics = self._metrics(loaded, answers)
        rules = judge(self.gate, metrics, lambda limit: self._excess(loaded, metrics, limit) is not None)
        rules += self._collapsed(answers)
        self._let_baseline_rest()
        broken = [rule.sentence for rule in rules if not rule.passed]
        status = CandidateStatus.REJECTED if broken else CandidateStatus.PASSED
        return Candidate(
            name=name,
            status=status,
            reason="; ".join(broken),
            metrics=metrics,
            rules=rules,
            layers=self._layers(loaded),
        )

    def _let_baseline_rest(self) -> None:
        """Free the memory of a large float32 conversion until the next candidate."""
        baseline = self.baseline
        if not isinstance(baseline, RemoteLiteRt) or baseline is self.reference.runner:
            return
        if baseline.path.stat().st_size > RESTS_ABOVE_BYTES:
            baseline.rest()

    def _layers(self, loaded: LoadedCandidate) -> list[LayerError]:
        """Return the errors of the layers, where both models are .tflite files with the same ones, and not one file."""
        baseline, default = self.baseline, self.reference.default
        if not isinstance(loaded, LoadedLiteRt) or not isinstance(baseline, RemoteLiteRt):
            return []
        described = baseline.signatures[default].inputs.values()
        if loaded.floats is None and any(entry.tensor and entry.tensor.quantization for entry in described):
            return []  # the user's own file, which has no layers of floats to compare with
        floats = loaded.floats or baseline.path
        if loaded.content == floats.read_bytes():
            return []
        dataset = self.reference.datasets[default]
        calls = [dataset.call(row, row + 1) for row in range(min(_LAYER_ROWS, dataset.count))]
        rows = {name: np.stack([call[name] for call in calls]) for name in calls[0]}
        return layer_errors(loaded.sandbox, floats, loaded.file, loaded.signatures[default], default, rows)

    def _answer(self, name: str, runner: Runner, signature: str, answers: dict[str, Arrays]) -> str | None:
        reference = self.reference
        dataset = reference.datasets[signature]
        case = EvaluationCase(reference.runner, signature, dataset, reference.answers[signature])
        try:
            with progress_events.counting(f"evaluating {name}"):
                answers[signature] = answers_of(runner, signature, dataset, reference.batch)
            return check_sound(case, runner, answers[signature])
        except (RunError, LeafEndedError) as error:
            return f"it does not run ({error})"

    def _collapsed(self, answers: dict[str, Arrays]) -> list[RuleResult]:
        """Return a broken rule for each output that no longer decides or varies: no gate allows that."""
        reference, default = self.reference, self.reference.default
        if reference.evidence is EvidenceKind.GENERATED:
            return []
        found = []
        for name, value in answers.get(default, {}).items():
            labels = reference.datasets[default].labels.get(name)
            task, before = reference.tasks[default][name], reference.answers[default][name]
            rule, broken = "betterThanChance", collapse(task, before, value, labels)
            if task.task is ModelTask.REGRESSION:
                rule, broken = "betterThanConstant", worse_than_constant(before, value, labels)
                if broken is None:
                    rule, broken = "noLostNumbers", lost_numbers(before, value)
            if broken is not None:
                measured, what = broken
                sentence = f"its output {name!r} {what}"
                found.append(
                    RuleResult(rule=rule, limit=0, measured=measured, passed=False, sentence=sentence, output=name)
                )
        return found

    def _metrics(self, loaded: LoadedCandidate, answers: dict[str, Arrays]) -> Metrics:
        reference = self.reference
        outputs = {
            reference.key(signature, name): compare(
                reference.tasks[signature][name],
                reference.answers[signature][name],
                value,
                reference.datasets[signature].labels.get(name),
                seed=reference.seed,
                real=reference.evidence is not EvidenceKind.GENERATED and signature == reference.default,
                asked=[*self.gate.metrics, *self.gate.serving_metrics],
            )
            for signature, values in answers.items()
            for name, value in values.items()
        }
        if self.serving is not None:
            for name, value in answers[reference.default].items():
                lost = self.serving.losses(reference, name, value, self.gate.serving_metrics)
                outputs[name] = outputs[name].model_copy(update={"serving_losses": lost})
        dataset = reference.datasets[reference.default]
        latency, ratio, spread = self._latency(loaded)
        two_threads, two_threads_spread = self._latency_on_two_threads(loaded)
        return Metrics(
            evidence=reference.evidence,
            samples=dataset.count,
            split=self.split,
            outputs=outputs,
            serving_version=self.serving.manifest.version if self.serving else None,
            size_bytes=loaded.size_bytes,
            compressed_bytes=loaded.compressed_bytes,
            latency_milliseconds=latency,
            latency_ratio=ratio,
            latency_ratio_interval=spread,
            two_threads_latency_ratio=two_threads,
            two_threads_latency_ratio_interval=two_threads_spread,
        )

    def _latency(self, loaded: LoadedCandidate) -> tuple[float | None, float | None, tuple[float, float] | None]:
        """Return a candidate's latency, its ratio to the baseline's, and that one's interval, where they are known."""
        if not loaded.timed:
            return None, None, None
        reference = self.reference
        runners = {"candidate": loaded.runner, **({"baseline": self.baseline} if self.baseline else {})}
        times = interleaved_latency(runners, reference.default, reference.datasets[reference.default])
        if self.baseline is None:
            return times["candidate"].wall.median, None, None
        return times["candidate"].wall.median, *latency_ratio(*comparable([times["candidate"], times["baseline"]]))

    def _excess(
        self, loaded: LoadedCandidate, metrics: Metrics, limit: float
    ) -> tuple[float, tuple[float, float]] | None:
        """Return the ratio by which a candidate certainly takes more than `limit` times the baseline's time.

        The measurement in its metrics and two more must show it, the latter of models that are loaded anew.
        """
        spread = metrics.latency_ratio_interval
        if self.baseline is None or spread is None or not may_be_slower(spread, limit):
            return None
        reference, found = self.reference, None
        runners = {"candidate": loaded.runner, "baseline": self.baseline}
        for times in measured_twice(runners, reference.default, reference.datasets[reference.default]):
            candidate, baseline = comparable([times["candidate"], times["baseline"]])
            if not is_slower(candidate, baseline, limit):
                return None
            found = latency_ratio(candidate, baseline)
        return found

    def _latency_on_two_threads(self, loaded: LoadedCandidate) -> tuple[float | None, tuple[float, float] | None]:
        """Return the ratio to the baseline's latency and its interval, where threads and processors can be given."""
        candidate, baseline = loaded.runner, self.baseline
        if not (isinstance(candidate, RemoteLiteRt) and isinstance(baseline, RemoteLiteRt)):
            return None, None
        if not loaded.timed or environment.processors() < 2:
            return None, None
        runners: dict[str, Runner] = {"candidate": candidate.with_threads(2), "baseline": baseline.with_threads(2)}
        times = interleaved_latency(runners, self.reference.default, self.reference.datasets[self.reference.default])
        for runner in runners.values():
            runner.close()
        return latency_ratio(times["candidate"].wall, times["baseline"].wall)

    def without_slower(self, candidate: Candidate, loaded: LoadedCandidate) -> Candidate:
        """Return a candidate that passed, rejected if it is certainly slower than the baseline."""
        excess = self._excess(loaded, candidate.metrics, 1) if candidate.metrics else None
        self._let_baseline_rest()
        if excess is None:
            return candidate
        ratio, spread = excess
        sentence = (
            f"slower than float32: {ratio:.3g} times its latency (95 %: {spread[0]:.3g} to {spread[1]:.3g}); a limit "
            "on the latency in the gate allows it"
        )
        rule = RuleResult(rule="notSlower", limit=1, measured=ratio, passed=False, sentence=sentence)
        update = {"status": CandidateStatus.REJECTED, "reason": sentence, "rules": [*candidate.rules, rule]}
        return candidate.model_copy(update=update)


def warn_of_rare_classes(evaluator: CandidateEvaluator, progress: Progress) -> None:
    """Warn if a candidate may lose a whole class within the loss of accuracy that the gate allows."""
    reference = evaluator.reference
    default = reference.default
    for name, labels in reference.datasets[default].labels.items():
        limits = [
            rule.rule.value
            for rule in evaluator.gate.rules
            if rule.rule.rule == "maxAccuracyLoss" and (rule.outputs is None or name in rule.outputs)
        ]
        found = rarest(reference.tasks[default][name], reference.answers[default][name], labels)
        if found is None or not limits or min(limits) < found[1]:
            continue
        class_name, share = found
        progress.warn(
            f"the gate allows a loss of {min(limits):.2%} at the output {name!r}, and the class {class_name} is only "
            f"{share:.2%} of the labels: a candidate that seldom finds it can pass; gate on the balanced "
            "accuracy, or allow less"
        )


def record(name: str, status: CandidateStatus, reason: str) -> Candidate:
    """Return the record of a candidate that was not evaluated."""
    return Candidate(name=name, status=status, reason=reason)


def failure(name: str, error: OptimizerError) -> Candidate:
    """Return the record of a candidate that could not be built or served."""
    return Candidate(name=name, status=CandidateStatus.FAILED, reason=str(error), hints=list(error.hints))


def with_status(candidate: Candidate, status: CandidateStatus, reason: str = "") -> Candidate:
    """Return the record with another status."""
    return candidate.model_copy(update={"status": status, "reason": reason})


def _is_a_worse_model(candidate: Candidate) -> bool:
    """Say whether a candidate broke only rules about the version that serves, and not by what its recipe lost."""
    outputs = candidate.metrics.outputs if candidate.metrics else {}
    for rule in candidate.rules:
        if rule.passed:
            continue
        if rule.rule != "notWorseThanServing" or rule.metric is None or rule.output not in outputs:
            return False
        own, serving = (
            losses.get(rule.metric) for losses in (outputs[rule.output].losses, outputs[rule.output].serving_losses)
        )
        if own is None or serving is None or own.value > serving.value / 2:
            return False
    return True


def refusal(candidates: list[Candidate]) -> GateError:
    """Return the error that explains why no candidate is published."""
    reasons = "; ".join(f"{candidate.name}: {candidate.reason}" for candidate in candidates if candidate.reason)
    rejected = [candidate for candidate in candidates if candidate.status is CandidateStatus.REJECTED]
    way_out = "choose a milder recipe, or allow more in the gate"
    if rejected and all(map(_is_a_worse_model, rejected)):
        way_out = (
            "the new model itself is worse than the one that serves, whatever the recipe: train it further, or allow "
            "a larger margin in that rule"
        )
    return GateError(
        f"no candidate passed, so that nothing is published ({reasons}); {way_out}",
        *dict.fromkeys(hint for candidate in candidates for hint in candidate.hints),
    )
