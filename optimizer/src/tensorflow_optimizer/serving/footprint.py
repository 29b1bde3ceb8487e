"""Measures the memory and load time of the published SavedModel in its own process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..conversion import SERVE_TAGS
from ..documents.draft import MODEL_DIRECTORY
from ..processes import environment
from ..runners import IsolatedRunner, RunError, footprint
from ..signatures import read_signatures
from ..sources.saved_model_files import read_meta_graph

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.manifest import Draft
    from ..processes.progress import Progress
    from ..reference.measure import Reference


def with_footprint(draft: Draft, output: Path, reference: Reference, progress: Progress) -> Draft:
    """Load the published files as a server does, answer one request, and add memory and time to the draft."""
    progress.say("loading what is published in a process of its own, to measure its memory")
    directory = output / MODEL_DIRECTORY
    specs = read_signatures(read_meta_graph(directory, SERVE_TAGS))
    lacking = draft.requirements.cpu_features and not environment.has_bfloat16()
    name = reference.default
    runner: IsolatedRunner | None = None
    try:
        runner = IsolatedRunner(directory, SERVE_TAGS, {name: specs[name]}, onednn=False if lacking else None)
        measured = footprint(runner, name, reference.datasets[name].call(0, 1))
    except RunError as error:
        # It ran before in this process, so only the measurement is missing, not the model.
        progress.warn(f"the memory that the model needs could not be measured ({error})")
        return draft
    finally:
        if runner is not None:
            runner.close()
    requirements = draft.requirements.model_copy(update={"peak_memory_mebibytes": measured.peak_mebibytes})
    return draft.model_copy(update={"requirements": requirements, "load_milliseconds": measured.load_milliseconds})
