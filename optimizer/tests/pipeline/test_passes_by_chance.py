"""A candidate that passes because its loss may be chance is published only where no other one kept its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tensorflow_optimizer.candidates.evaluator import CandidateEvaluator
from tensorflow_optimizer.documents.outcome import Candidate, RuleResult, Split

if TYPE_CHECKING:
    from collections.abc import Callable

    from sample_jobs import Runs
    from sample_models import SampleModels

LOST = RuleResult(
    rule="maxLoss", limit=0.02, measured=0.039, passed=True, sentence="it may be chance", metric="balancedAccuracy"
)
SEARCH: dict[str, Any] = {
    "kind": "search",
    "search": {"objective": "size", "maxAccuracyLoss": 0.1},
    "steps": [{"step": "quantization", "mode": mode} for mode in ("float16", "dynamicRange")],
}
EVERYWHERE = (Split.SELECTION, Split.GATE)


@pytest.fixture
def by_chance(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give candidates a loss that may be chance, on the samples of these splits."""
    evaluate = CandidateEvaluator.evaluate

    def give(*names: str, splits: tuple[Split, ...] = EVERYWHERE) -> None:
        def measured(evaluator: CandidateEvaluator, name: str, loaded: Any) -> Candidate:
            found = evaluate(evaluator, name, loaded)
            if name in names and evaluator.split in splits:
                found = found.model_copy(update={"rules": [*found.rules, LOST]})
            return found

        monkeypatch.setattr(CandidateEvaluator, "evaluate", measured)

    return give


def test_the_default_recipe_goes_on_to_one_that_kept_its_limits(
    runs: Runs, models: SampleModels, by_chance: Callable[..., None]
) -> None:
    by_chance("dynamicRange")
    result = runs(models.dense, models.labelled)
    assert result.statuses == {"float16": "chosen", "dynamicRange": "passed", "float32": "skipped"}
    reasons = {candidate.name: candidate.reason for candidate in result.outcome.candidates}
    assert reasons["dynamicRange"] == (
        "float16 passed as well and kept the limits, and what this one lost beyond them may be chance"
    )


def test_the_first_is_published_where_none_kept_its_limits(
    runs: Runs, models: SampleModels, by_chance: Callable[..., None]
) -> None:
    by_chance("dynamicRange", "float16", "float32")
    result = runs(models.dense, models.labelled)
    assert result.statuses == {"dynamicRange": "chosen", "float16": "passed", "float32": "passed"}


@pytest.mark.parametrize("splits", [(Split.SELECTION,), (Split.GATE,)], ids=["where it is selected", "on the gate"])
def test_a_search_prefers_one_that_kept_its_limits(
    splits: tuple[Split, ...], runs: Runs, models: SampleModels, by_chance: Callable[..., None]
) -> None:
    by_chance("dynamicRange", splits=splits)
    result = runs(models.dense, models.labelled, recipe=SEARCH)
    assert result.statuses == {"dynamicRange": "passed", "float16": "chosen", "float32": "passed"}
    reasons = {candidate.name: candidate.reason for candidate in result.outcome.candidates}
    assert "float16 passed as well and kept the limits" in reasons["dynamicRange"]
    assert reasons["float32"] == "float16 passed as well and is smaller compressed"
