from __future__ import annotations

from typing import Any

import pytest
from sample_jobs import DYNAMIC_RANGE, gate, job_data
from tensorflow_optimizer.documents.job import Job, ModelTask
from tensorflow_optimizer.documents.outcome import EvidenceKind, Metrics, OutputMetrics, RuleResult
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.evaluation import OutputTask
from tensorflow_optimizer.gate import check_measurable, judge, passed_by_chance, plan_gate

CLASSES = OutputTask(ModelTask.MULTICLASS)
NUMBERS = OutputTask(ModelTask.REGRESSION)
ALL = EvidenceKind.LABELS


def metrics(size: int = 1000, ratio: float | None = 1.0, **outputs: dict[str, Any]) -> Metrics:
    return Metrics(
        evidence=ALL,
        samples=1000,
        outputs={name: OutputMetrics(task="multiclass", **figures) for name, figures in outputs.items()},
        size_bytes=size,
        latency_ratio=ratio,
    )


def results(
    measured: Metrics,
    rules: dict[str, Any] | None,
    tasks: dict[str, OutputTask] | None = None,
    *,
    labelled: set[str] | None = None,
    evidence: EvidenceKind = ALL,
    recipe: Any = "forLiteRt",
    others: set[str] | None = None,
    slower: bool = True,
) -> list[RuleResult]:
    job = Job.model_validate(job_data(gate=rules, recipe=recipe))
    known = tasks or {"y": CLASSES}
    floats = {*known, *(others or ())}
    plan = plan_gate(job, known, {"y"} if labelled is None else labelled, evidence, floats, others or set())
    return judge(plan, measured, lambda _: slower)


@pytest.mark.parametrize(
    ("rule", "limit", "figures", "passed"),
    [
        ("maxAccuracyLoss", 0.01, {"accuracy_loss": 0.01}, True),
        ("maxAccuracyLoss", 0.01, {"accuracy_loss": 0.011}, False),
        ("maxAccuracyLoss", 0.01, {"accuracy_loss": -0.1}, True),
        ("minAgreement", 0.99, {"agreement": 0.99}, True),
        ("minAgreement", 0.99, {"agreement": 0.989}, False),
        ("maxRelativeError", 0.05, {"relative_error": 0.05}, True),
        ("maxRelativeError", 0.05, {"relative_error": 0.06}, False),
        ("maxRelativeError", 0.05, {"relative_error": float("inf")}, False),
        ("maxRelativeError", 0.05, {"relative_error": float("nan")}, False),
    ],
)
def test_a_rule_holds_up_to_its_limit(rule: str, limit: float, figures: dict[str, float], passed: bool) -> None:
    found = results(metrics(y=figures), gate((rule, limit)))
    assert found[0].passed is passed


def test_size_and_latency_are_rules_too() -> None:
    rules = gate(("maxSizeBytes", 1000), ("maxLatencyRatio", 0.5), ("minAgreement", 0.5))
    assert [result.passed for result in results(metrics(1000, 0.5, y={"agreement": 1.0}), rules)] == [True, True, True]
    assert [result.passed for result in results(metrics(1001, 0.6, y={"agreement": 1.0}), rules)] == [
        False,
        False,
        True,
    ]


def test_a_latency_that_is_not_certainly_above_its_limit_passes() -> None:
    (found,) = results(metrics(ratio=1.3, y={"agreement": 1.0}), gate(("maxLatencyRatio", 1)), slower=False)[:1]
    assert (found.passed, found.measured) == (True, 1.3)
    assert "allowed at most 1: not certainly more" in found.sentence


@pytest.mark.parametrize("rule", ["maxAccuracyLoss", "minAgreement", "maxRelativeError", "maxLatencyRatio"])
def test_a_value_that_cannot_be_measured_does_not_pass(rule: str) -> None:
    found = results(metrics(ratio=None, y={}), gate((rule, 0.5)))
    assert not found[0].passed
    assert found[0].measured is None
    assert "the gate cannot pass" in found[0].sentence


def test_strict_takes_the_unfavorable_end_of_the_interval() -> None:
    good = {"accuracy_loss": 0.005, "accuracy_loss_interval": (-0.002, 0.012)}
    assert results(metrics(y=good), gate(("maxAccuracyLoss", 0.01)))[0].passed
    assert not results(metrics(y=good), gate(("maxAccuracyLoss", 0.01), strict=True))[0].passed
    agreed = {"agreement": 0.995, "agreement_interval": (0.985, 0.999)}
    assert results(metrics(y=agreed), gate(("minAgreement", 0.99)))[0].passed
    assert not results(metrics(y=agreed), gate(("minAgreement", 0.99), strict=True))[0].passed
    sentences = [
        results(metrics(y=good), gate(("maxAccuracyLoss", 0.01), strict=entry))[0].sentence for entry in (False, True)
    ]
    assert ["unfavorable end" in sentence for sentence in sentences] == [False, True]


def test_strict_without_an_interval_does_not_pass() -> None:
    assert not results(metrics(y={"agreement": 1.0}), gate(("minAgreement", 0.9), strict=True))[0].passed


def test_the_worst_output_decides_and_is_named() -> None:
    measured = metrics(y={"agreement": 1.0}, z={"agreement": 0.5})
    found = results(measured, gate(("minAgreement", 0.9)), {"y": CLASSES, "z": CLASSES})
    assert not found[0].passed
    assert "'z' 0.5" in found[0].sentence


class TestMetricLosses:
    """The rule on a metric."""

    @staticmethod
    def result(*, strict: bool = False, output: str | None = None, **lost: tuple[float, float, float]) -> RuleResult:
        losses = {name: {"recall:1": {"value": value, "interval": between}} for name, (value, *between) in lost.items()}
        metric = {"name": "recall", "classIndex": 1, "output": output}
        rules = {"rules": [{"rule": "maxLoss", "value": 0.02, "metric": metric}], "strict": strict}
        measured = metrics(**{name: {"losses": figures} for name, figures in losses.items()})
        return results(measured, rules, dict.fromkeys(lost, CLASSES), labelled=set(lost))[0]

    def test_a_loss_that_chance_explains_does_not_break_it(self) -> None:
        assert self.result(y=(0.02, 0.01, 0.03)).passed
        assert not self.result(y=(0.021, 0.001, 0.04)).passed
        within = self.result(y=(0.03, -0.001, 0.06))
        assert within.passed
        assert within.sentence.endswith("the interval includes 0, so it may be chance")
        assert passed_by_chance([within])
        assert not passed_by_chance([self.result(y=(0.02, 0.01, 0.03)), self.result(y=(0.021, 0.001, 0.04))])

    def test_strict_takes_the_upper_end(self) -> None:
        assert self.result(strict=True, y=(0.0, -0.02, 0.02)).passed
        assert not self.result(strict=True, y=(0.0, -0.02, 0.021)).passed

    def test_a_broken_output_counts_before_a_larger_loss_by_chance(self) -> None:
        lost = {"y": (0.03, 0.01, 0.05), "z": (0.2, -0.1, 0.5)}
        assert (self.result(**lost).passed, self.result(**lost).output) == (False, "y")
        assert (self.result(output="z", **lost).passed, self.result(output="z", **lost).output) == (True, "z")

    def test_an_output_that_it_reaches_has_no_default_and_the_others_keep_theirs(self) -> None:
        rules = {"rules": [{"rule": "maxLoss", "value": 0.02, "metric": {"name": "recall", "output": "y"}}]}
        plan = plan_gate(
            Job.model_validate(job_data(gate=rules)),
            {"y": CLASSES, "z": CLASSES},
            {"y", "z"},
            ALL,
            {"y", "z"},
            measured={"y": ["recall"], "z": ["recall"]},
        )
        assert [(rule.rule.rule, rule.outputs) for rule in plan.rules] == [
            ("maxLoss", None),
            ("maxAccuracyLoss", {"z"}),
        ]


class TestDefaults:
    """Rules where the job gives no gate of its own."""

    def rules(self, **arguments: Any) -> dict[str, float]:
        return {result.rule: result.limit for result in results(metrics(y={}), None, **arguments)}

    def test_with_labels(self) -> None:
        assert self.rules() == {"maxAccuracyLoss": 0.01}

    def test_with_data_without_labels(self) -> None:
        evidence = EvidenceKind.UNLABELLED
        assert self.rules(labelled=set(), evidence=evidence) == {"minAgreement": 0.99}
        assert self.rules(tasks={"y": NUMBERS}, labelled=set(), evidence=evidence) == {"maxRelativeError": 0.05}

    def test_every_output_is_gated_by_its_task(self) -> None:
        tasks = {"y": CLASSES, "z": CLASSES, "n": NUMBERS}
        assert self.rules(tasks=tasks) == {"maxAccuracyLoss": 0.01, "minAgreement": 0.99, "maxRelativeError": 0.05}

    def test_without_data(self) -> None:
        assert self.rules(labelled=set(), evidence=EvidenceKind.GENERATED) == {"maxRelativeError": 0.01}

    @pytest.mark.parametrize("kind", ["forLiteRt", "none"])
    def test_without_data_a_gate_on_size_alone_still_gates_the_numbers(self, kind: str) -> None:
        found = results(
            metrics(y={"relative_error": 1.0}),
            gate(("maxSizeBytes", 2000)),
            labelled=set(),
            evidence=EvidenceKind.GENERATED,
            recipe=kind,
        )
        assert [(entry.rule, entry.passed) for entry in found] == [("maxSizeBytes", True), ("maxRelativeError", False)]

    def test_without_data_the_jobs_own_limit_replaces_the_default_one(self) -> None:
        own = gate(("maxSizeBytes", 2000), ("maxRelativeError", 0.3))
        found = results(metrics(y={"relative_error": 0.2}), own, labelled=set(), evidence=EvidenceKind.GENERATED)
        assert [(entry.rule, entry.limit) for entry in found] == [("maxSizeBytes", 2000), ("maxRelativeError", 0.3)]

    def test_an_explicit_step_without_data_has_no_limit_to_meet(self) -> None:
        assert not self.rules(labelled=set(), evidence=EvidenceKind.GENERATED, recipe=DYNAMIC_RANGE)

    def test_an_output_that_the_jobs_gate_leaves_open_gets_the_default_rule(self) -> None:
        found = results(
            metrics(y={"accuracy_loss": 0.0}, n={"relative_error": 0.5}),
            gate(("maxAccuracyLoss", 0.02)),
            {"y": CLASSES, "n": NUMBERS},
        )
        assert [(entry.rule, entry.passed) for entry in found] == [
            ("maxAccuracyLoss", True),
            ("maxRelativeError", False),
        ]

    def test_an_output_that_its_rule_could_not_be_measured_on_fails_the_rule_and_is_named(self) -> None:
        measured = metrics(y={"agreement": 1.0}, z={})
        found = results(measured, None, {"y": CLASSES, "z": CLASSES}, labelled=set(), evidence=EvidenceKind.UNLABELLED)
        assert [(entry.passed, entry.output) for entry in found] == [(False, "z")]
        assert found[0].sentence == "agreement of 'z' could not be measured, so that the gate cannot pass"

    def test_a_gate_on_size_alone_still_gates_quality(self) -> None:
        assert {result.rule for result in results(metrics(y={}), gate(("maxSizeBytes", 1)))} == {
            "maxSizeBytes",
            "maxAccuracyLoss",
        }


class TestOtherSignatures:
    """Signatures whose outputs no data can be given for: they are compared by their numbers, on generated inputs."""

    @pytest.mark.parametrize(("error", "passed"), [(0.05, True), (0.06, False), (float("inf"), False)])
    @pytest.mark.parametrize("recipe", ["forLiteRt", "none", DYNAMIC_RANGE])
    def test_are_gated_if_there_is_data_for_the_default_one(self, error: float, passed: bool, recipe: Any) -> None:
        measured = metrics(y={"accuracy_loss": 0.0}, **{"raw/z": {"relative_error": error}})
        found = results(measured, None, others={"raw/z"}, recipe=recipe)
        assert [(entry.rule, entry.limit, entry.passed) for entry in found] == [
            ("maxAccuracyLoss", 0.01, True),
            ("maxRelativeError", 0.05, passed),
        ]
        assert passed or "'raw/z'" in found[1].sentence

    def test_share_the_limit_of_measurements(self) -> None:
        measured = metrics(y={"relative_error": 0.01}, **{"raw/z": {"relative_error": 0.5}})
        found = results(measured, None, {"y": NUMBERS}, labelled=set(), others={"raw/z"})
        assert [(entry.rule, entry.passed) for entry in found] == [("maxRelativeError", False)]

    def test_have_the_limit_that_the_jobs_gate_gives_them(self) -> None:
        measured = metrics(y={"accuracy_loss": 0.0, "relative_error": 0.1}, **{"raw/z": {"relative_error": 0.3}})
        rules = gate(("maxAccuracyLoss", 0.01), ("maxRelativeError", 0.4))
        found = results(measured, rules, others={"raw/z"})
        assert [(entry.rule, entry.limit, entry.passed) for entry in found] == [
            ("maxAccuracyLoss", 0.01, True),
            ("maxRelativeError", 0.4, True),
        ]

    def test_are_ignored_for_a_candidate_that_omits_them(self) -> None:
        found = results(metrics(y={"accuracy_loss": 0.0}), None, others={"raw/z"})
        assert [(entry.rule, entry.passed) for entry in found] == [("maxAccuracyLoss", True)]

    def test_that_are_not_numbers_are_named_as_unchecked(self) -> None:
        job = Job.model_validate(job_data())
        plan = plan_gate(job, {"y": CLASSES}, {"y"}, ALL, {"y", "raw/z"}, {"raw/z", "raw/class"})
        assert plan.unseen == {"raw/class"}


@pytest.mark.parametrize(
    ("rule", "tasks", "labelled", "evidence", "text"),
    [
        ("maxAccuracyLoss", CLASSES, set(), EvidenceKind.UNLABELLED, "needs evaluation data with labels"),
        ("maxAccuracyLoss", CLASSES, set(), EvidenceKind.GENERATED, "needs evaluation data with labels"),
        ("maxAccuracyLoss", NUMBERS, {"y"}, ALL, "the labelled outputs decide no classes"),
        ("minAgreement", CLASSES, set(), EvidenceKind.GENERATED, "which generated inputs cannot show"),
        ("minAgreement", NUMBERS, set(), EvidenceKind.UNLABELLED, "no output decides classes"),
    ],
)
def test_a_gate_that_this_data_cannot_decide_is_refused(
    rule: str, tasks: OutputTask, labelled: set[str], evidence: EvidenceKind, text: str
) -> None:
    job = Job.model_validate(job_data(gate=gate((rule, 0.5))))
    with pytest.raises(BadInputError, match=text):
        check_measurable(job.gate, {"y": tasks}, labelled, evidence)


@pytest.mark.parametrize(
    ("against_original", "against_serving", "passed"),
    [((0.0, 0.0, 0.0), (0.5, 0.4, 0.6), False), ((0.5, 0.4, 0.6), (0.0, 0.0, 0.0), True)],
)
@pytest.mark.parametrize("strict", [False, True])
def test_not_worse_than_serving_is_judged_against_the_version_that_serves_and_not_the_original(
    strict: bool,
    against_original: tuple[float, float, float],
    against_serving: tuple[float, float, float],
    passed: bool,
) -> None:
    original, serving = (
        {"accuracy": {"value": value, "interval": interval}} for value, *interval in (against_original, against_serving)
    )
    measured = metrics(y={"losses": original, "serving_losses": serving, "accuracy_loss": against_original[0]})
    rule = {"rule": "notWorseThanServing", "value": 0.02, "metric": {"name": "accuracy"}}
    rules = {"rules": [rule, {"rule": "maxAccuracyLoss", "value": 0.99}], "strict": strict}
    found = results(measured.model_copy(update={"serving_version": 7}), rules)[0]
    assert (found.rule, found.measured, found.passed) == (
        "notWorseThanServing",
        against_serving[0 if not strict else 2],
        passed,
    )
    assert "against the version 7, which serves" in found.sentence


def test_a_loss_that_was_measured_against_the_original_alone_does_not_pass_for_one_against_the_serving_version() -> (
    None
):
    original = {"accuracy": {"value": 0.0, "interval": (0.0, 0.0)}}
    rule = {"rule": "notWorseThanServing", "value": 0.02, "metric": {"name": "accuracy"}}
    measured = metrics(y={"losses": original}).model_copy(update={"serving_version": 7})
    found = results(measured, {"rules": [rule]})[0]
    assert (found.measured, found.passed) == (None, False)
    assert "the gate cannot pass" in found.sentence
