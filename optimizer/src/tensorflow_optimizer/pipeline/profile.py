"""Writes OUT/profile.json, by which a monitor later recognizes other inputs and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.outcome import EvidenceKind
from ..documents.profile import PROFILE_FILE
from ..drift import make_profile, profiled_rows
from ..evaluation import answers_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.manifest import Draft
    from ..reference.measure import Reference
    from ..runners import Runner


def write_profile(output: Path, draft: Draft, reference: Reference, runner: Runner) -> bool:
    """Write the profile, and return whether there is one: generated inputs say nothing about real ones.

    Args:
        output: The output directory of `run`.
        draft: The model.
        reference: The samples that it was judged on.
        runner: The published model, whose answers may differ from the original's in their last digits.
    """
    if reference.evidence is EvidenceKind.GENERATED:
        return False
    dataset = profiled_rows(reference.datasets[reference.default])
    answers = answers_of(runner, reference.default, dataset, reference.batch)
    profile = make_profile(draft, dataset, answers, reference.tasks[reference.default])
    (output / PROFILE_FILE).write_text(profile.to_json(), encoding="utf-8")
    return True
