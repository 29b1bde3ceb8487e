"""Rules of a recipe: steps that go together, their order, and the data that they need. Shared with the constructs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sample_jobs import job_data
from tensorflow_optimizer.candidates.plans import litert_plans, saved_model_plans
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.sources import SourceKind

TABLE = json.loads((Path(__file__).parents[1] / "fixtures" / "recipe_rules.json").read_text(encoding="utf-8"))
CASES = [
    (recipe_format, data, steps, problems)
    for recipe_format, by_data in TABLE.items()
    for data, by_steps in by_data.items()
    for steps, problems in by_steps.items()
]
STEPS: dict[str, dict[str, Any]] = {
    "distillation": {"step": "distillation", "student": {"size": "small"}},
    "pruning": {"step": "pruning", "sparsity": 0.5},
    **{mode: {"step": "quantization", "mode": mode} for mode in ("dynamicRange", "float16", "fullInteger", "bfloat16")},
    "mixed": {"step": "quantization", "mode": "mixed", "operations": {"*": "dynamic_wi8_afp32"}},
    "strip": {"step": "strip"},
    "freeze": {"step": "freeze"},
}
WORDS = {
    "format": r"is for SavedModels|is not offered for SavedModels|has no effect on a LiteRT model",
    "data": r"needs (real inputs|evaluation data)",
    "order": r"is trained first|comes last",
    "twice": r"twice|exclude each other|leave strip out",
}


@pytest.mark.parametrize(("recipe_format", "data", "steps", "problems"), CASES)
def test_the_plans_follow_the_table(recipe_format: str, data: str, steps: str, problems: list[str]) -> None:
    recipe = {"kind": "steps", "steps": [STEPS[name] for name in steps.split(", ")]}
    job = Job.model_validate(job_data(format=recipe_format, recipe=recipe))
    found = problem_of(job, has_data=data == "with data")

    assert found in problems if problems else found is None


@pytest.mark.parametrize(("has_data", "problem"), [(True, None), (False, "data")])
def test_static_ranges_need_data(has_data: bool, problem: str | None) -> None:
    operations = {"*": "dynamic_wi8_afp32", "CONV_2D": "static_wi8_ai8"}
    recipe = {"kind": "steps", "steps": [{**STEPS["mixed"], "operations": operations}]}
    assert problem_of(Job.model_validate(job_data(format="litert", recipe=recipe)), has_data=has_data) == problem


def problem_of(job: Job, *, has_data: bool) -> str | None:
    """Return the kind of the problem that a job has; the optimizer ends with the first."""
    try:
        if job.format == "litert":
            litert_plans(job, has_data=has_data)
        else:
            saved_model_plans(job, SourceKind.SAVED_MODEL, has_data=has_data)
    except BadInputError as error:
        return next((kind for kind, words in WORDS.items() if re.search(words, str(error))), str(error))
    return None
