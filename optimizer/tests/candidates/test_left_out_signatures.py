"""Messages about signatures that a student leaves out belong to the student; those of its training to the job."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tensorflow_optimizer.candidates.plans import SavedModelPlan
from tensorflow_optimizer.candidates.saved_model_builder import SavedModelCandidateBuilder
from tensorflow_optimizer.documents.job import Distillation
from tensorflow_optimizer.processes.progress import Progress


def trained(_distillation: Any, _pruning: Any, _signatures: list[str], progress: Progress) -> Any:
    progress.warn("the training was given up")
    return SimpleNamespace(tags=["serve"], directory=Path("student"))


def test_a_student_that_is_not_chosen_leaves_no_signature_out(tmp_path: Path) -> None:
    teacher = SimpleNamespace(name="serving_default")
    trainer: Any = SimpleNamespace(trained=trained, teacher=teacher, work=tmp_path, source=None)
    nothing: Any = None
    specs: Any = {"serving_default": None, "serve": None}
    builder = SavedModelCandidateBuilder(nothing, trainer, nothing, specs, stateful=False)
    progress = Progress()

    plan = SavedModelPlan(
        "student",
        strip=False,
        distillation=Distillation.model_validate({"step": "distillation", "student": {"size": "tiny"}}),
    )
    artifact = builder.build(plan, progress)

    assert list(artifact.specs) == ["serving_default"]
    assert [(entry.candidate, entry.text) for entry in progress.warned] == [
        (None, "the training was given up"),
        ("student", "the signature 'serve' is left out: a student learns the default one only"),
    ]
    assert progress.warnings == ["the training was given up"]
