"""Profile of the evaluation data in profile.json: what it says, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from drift_samples import CLASSES, DRAFT, TASKS, answers_of, captured, inputs_of, profile_of
from pydantic import ValidationError
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.documents.job import ModelTask
from tensorflow_optimizer.documents.manifest import Signature, Tensor
from tensorflow_optimizer.documents.profile import Feature, Profile
from tensorflow_optimizer.drift import make_profile, observe, profiled_rows
from tensorflow_optimizer.drift.features import counts_of
from tensorflow_optimizer.evaluation import OutputTask

if TYPE_CHECKING:
    from sample_jobs import Runs
    from sample_models import SampleModels


@pytest.fixture(scope="module")
def data() -> tuple[dict[str, Any], dict[str, Any]]:
    random = np.random.default_rng(11)
    return inputs_of(random, 800), answers_of(random, 800)


@pytest.fixture(scope="module")
def profile(data: tuple[dict[str, Any], dict[str, Any]]) -> Profile:
    return profile_of(*data)


def feature(profile: Profile, label: str) -> Feature:
    return next(entry for entry in profile.features if entry.label == label)


def test_it_has_the_decision_the_elements_the_summaries_of_an_image_and_the_categories_of_a_text(
    profile: Profile,
) -> None:
    assert [entry.label for entry in profile.features] == [
        "output scores class",
        "output scores score",
        *(f"input amounts[{index}]" for index in range(4)),
        "input image mean",
        "input image deviation",
        *(f"input image cell {cell}" for cell in range(1, 10)),
        "input country text",
        "input country length",
    ]
    assert feature(profile, "input country text").categories == ["de", "fr", "it", "es"]
    assert len(feature(profile, "input amounts[0]").counts) == 10
    assert all(sum(entry.counts) == 800 for entry in profile.features)


def test_the_shares_of_classes_are_those_of_the_decisions(
    profile: Profile, data: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    classes = np.bincount(data[1]["scores"].argmax(axis=1), minlength=CLASSES)
    found = feature(profile, "output scores class")
    assert dict(zip(found.categories or [], found.counts, strict=False)) == {
        str(number): count for number, count in enumerate(classes.tolist())
    }
    assert found.counts[-1] == 0


def test_no_number_of_the_data_is_the_edge_of_a_bin(
    profile: Profile, data: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    for index in range(4):
        edges = feature(profile, f"input amounts[{index}]").edges
        assert edges
        assert not set(edges) & set(data[0]["amounts"][:, index].tolist())


def test_a_text_that_few_rows_have_is_not_in_it(data: tuple[dict[str, Any], dict[str, Any]]) -> None:
    inputs, answers = data
    country = inputs["country"].copy()
    country[:9, 0] = b"Erika Mustermann"
    country[9:30, 0] = b"x" * 65
    written = profile_of({**inputs, "country": country}, answers)
    assert "Erika" not in written.to_json()
    assert "xxx" not in written.to_json()
    assert feature(written, "input country text").counts[-1] == 30


def test_the_requests_that_carry_the_evaluation_data_have_exactly_its_distribution(
    profile: Profile, data: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    inputs, answers = data
    requests = [captured(inputs, answers, slice(start, start + 40)) for start in range(0, 800, 40)]
    observed = observe(profile, 3, requests)
    assert (observed.samples, observed.requests, observed.unfit) == (800, 20, 0)
    for entry, values in zip(profile.features, observed.values, strict=True):
        assert counts_of(entry, values) == entry.counts, entry.label


def test_many_inputs_are_cut_at_a_few_kilobytes_and_it_says_so() -> None:
    names = [f"a_column_of_a_table_{number}" for number in range(60)]
    signature = Signature(
        batched=True,
        inputs={name: Tensor(dtype="float32", shape=[-1]) for name in names},
        outputs={"scores": Tensor(dtype="float32", shape=[-1, CLASSES])},
    )
    random = np.random.default_rng(0)
    inputs = {name: random.normal(size=600).astype(np.float32) for name in names}
    draft = DRAFT.model_copy(update={"signatures": {"serving_default": signature}})
    made = make_profile(draft, Dataset(inputs, batched=True), answers_of(random, 600), TASKS)
    assert (len(made.features), made.omitted_features) == (48, 14)
    assert len(made.to_json()) < 16_000
    assert Profile.model_validate_json(made.to_json()) == made


def test_a_regression_and_one_score_are_profiled_by_value_and_by_decision() -> None:
    random = np.random.default_rng(1)
    signature = Signature(
        batched=True,
        inputs={"x": Tensor(dtype="float32", shape=[-1, 2])},
        outputs={"price": Tensor(dtype="float32", shape=[-1]), "fraud": Tensor(dtype="float32", shape=[-1, 1])},
    )
    draft = DRAFT.model_copy(update={"signatures": {"serving_default": signature}})
    answers = {"price": random.normal(size=500), "fraud": random.uniform(size=(500, 1))}
    tasks = {"price": OutputTask(ModelTask.REGRESSION), "fraud": OutputTask(ModelTask.BINARY)}
    dataset = Dataset({"x": random.normal(size=(500, 2)).astype(np.float32)}, batched=True)
    made = make_profile(draft, dataset, answers, tasks)
    assert [entry.label for entry in made.features][:3] == ["output price[0]", "output fraud class", "output fraud[0]"]
    assert feature(made, "output fraud class").counts[:2] == sorted(
        [int((answers["fraud"] > 0.5).sum()), int((answers["fraud"] <= 0.5).sum())], reverse=True
    )


def test_equal_numbers_are_in_one_bin() -> None:
    random = np.random.default_rng(2)
    inputs = inputs_of(random, 500)
    inputs["amounts"][:400, 0] = 0.1
    found = feature(profile_of(inputs, answers_of(random, 500)), "input amounts[0]")
    assert max(found.counts) >= 400
    assert found.edges == sorted(set(found.edges or []))


def test_at_most_two_thousand_samples_at_equal_distances_are_profiled() -> None:
    few = profiled_rows(Dataset({"x": np.arange(50)}, batched=True))
    many = profiled_rows(Dataset({"x": np.arange(10_000)}, batched=True))
    assert few.count == 50
    assert many.count == 2000
    assert (many.inputs["x"][0], many.inputs["x"][-1]) == (0, 9999)


def test_counts_that_do_not_fit_the_bins_are_refused(profile: Profile) -> None:
    broken = feature(profile, "input amounts[0]").model_dump() | {"counts": [1, 2]}
    with pytest.raises(ValidationError, match="counts has one number more than edges or categories"):
        Feature.model_validate(broken)


def test_a_job_with_data_leaves_a_profile_of_the_published_models_answers(runs: Runs, models: SampleModels) -> None:
    result = runs(models.dense, models.unlabelled)
    made = Profile.model_validate_json((result.output / "profile.json").read_bytes())
    assert made.model == "sample"
    assert made.signature == result.published.default_signature
    assert made.samples > 500
    assert {entry.direction for entry in made.features} == {"input", "output"}
    assert len(made.to_json()) < 8_000


def test_a_job_without_data_leaves_none(runs: Runs, models: SampleModels) -> None:
    result = runs(models.dense)
    assert result.code == 0
    assert not (result.output / "profile.json").exists()
