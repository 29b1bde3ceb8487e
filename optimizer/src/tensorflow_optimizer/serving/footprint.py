"""Measures the memory and load time of the published SavedModel in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..conversion import SERVE_TAGS
from ..errors import OptimizerError, RunError
from ..processes import environment
from ..runners import RemoteSavedModel

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.manifest import Draft
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from ..sandbox import Sandbox


def with_footprint(sandbox: Sandbox, draft: Draft, directory: Path, reference: Reference, progress: Progress) -> Draft:
    """Load the published files as a server does, answer one request, and add memory and time to the draft.

    Both are measured from outside of the process that opens the model.

    Args:
        sandbox: Where the model is opened.
        draft: The model's draft.
        directory: The SavedModel that is published, where leaves can read it.
        reference: The original, with a request.
        progress: Receives a warning where nothing could be measured.
    """
    progress.say("loading what is published in a process of its own, to measure its memory")
    lacking = draft.requirements.cpu_features and not environment.has_bfloat16()
    # A process that starts by itself has all of TensorFlow in its memory, as a server has.
    settings = {"TF_ENABLE_ONEDNN_OPTS": "0"} if lacking else {}
    name = reference.default
    try:
        runner = RemoteSavedModel(sandbox, directory, SERVE_TAGS, [name], environment=settings)
        try:
            runner.run(name, reference.datasets[name].call(0, 1))
            peak, load = runner.peak_mebibytes(), runner.load_milliseconds
        finally:
            runner.close()
    except (OptimizerError, RunError) as error:
        # It ran before, so only the measurement is missing, not the model.
        progress.warn(f"the memory that the model needs could not be measured ({error})")
        return draft
    requirements = draft.requirements.model_copy(update={"peak_memory_mebibytes": peak})
    return draft.model_copy(update={"requirements": requirements, "load_milliseconds": load})
