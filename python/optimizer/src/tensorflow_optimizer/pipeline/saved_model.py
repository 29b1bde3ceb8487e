"""A job whose artifact is a SavedModel for TensorFlow Serving."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conversion import strip
from ..draft import MODEL_DIRECTORY
from ..errors import OptimizerError
from ..gate import check_measurable, plan_gate
from ..manifest import Requirements, Signature, Tensor
from ..outcome import CandidateStatus
from ..runners import SavedModelRunner
from ..signatures import read_signatures, select_for_serving, state_writers
from ..signatures.fixed import is_batched
from ..sources.saved_model_files import read_meta_graph
from .evaluate import evaluate, with_status
from .litert import refusal
from .plan import SavedModelPlan, saved_model_plans
from .reference import Endpoint, Reference, measure_original

if TYPE_CHECKING:
    from pathlib import Path

    from ..config import Job
    from ..gate import GatePlan
    from ..outcome import Candidate
    from ..signatures import SignatureSpec
    from ..sources import OpenedSource
    from .progress import Progress


@dataclass(frozen=True)
class BuiltSavedModel:
    """A SavedModel, loaded the way the server loads it."""

    directory: Path
    runner: SavedModelRunner
    size_bytes: int


@dataclass(frozen=True)
class ChosenSavedModel:
    """The candidate that is published."""

    candidate: Candidate
    built: BuiltSavedModel
    gate: GatePlan
    default: str
    signatures: dict[str, Signature]
    reference: Reference
    serving_version: str | None
    unverified: bool = False
    reset_state: bool = False

    def write(self, output: Path) -> int:
        """Copy the model into OUT/model/ and return its size."""
        shutil.copytree(self.built.directory, output / MODEL_DIRECTORY, dirs_exist_ok=True)
        return self.built.size_bytes

    def requirements(self) -> Requirements:
        """Return what the server must offer."""
        return Requirements(minimum_serving_version=self.serving_version)


def make_saved_model(
    job: Job, source: OpenedSource, evaluation: Path | None, work: Path, progress: Progress
) -> ChosenSavedModel:
    """Make the SavedModel that the recipe means, load it, and compare it with the original.

    Raises:
        OptimizerError: it may not be published.
    """
    plan = saved_model_plans(job, source.kind)[0]
    if source.directory is None:
        raise OptimizerError("there is no SavedModel to serve")
    default, specs = select_for_serving(read_signatures(source.meta_graph), job.source)
    stateful = any(state_writers(source.meta_graph, spec) for spec in specs.values())
    original = SavedModelRunner(
        source.directory, source.tags, specs, reset_state=stateful, saved_by=source.tensorflow_version
    )
    reference = measure_original(
        job,
        evaluation,
        original,
        default,
        {name: Endpoint(spec, None, job.source.input_shapes) for name, spec in specs.items()},
        progress,
        size_bytes=source.size_bytes,
        calibrate=False,
        one_row_at_a_time=False,
        stateful=stateful,
    )
    tasks, labelled = reference.tasks[default], set(reference.labels)
    check_measurable(job.gate, tasks, labelled, reference.evidence)
    gate = plan_gate(job, tasks, labelled, reference.evidence, reference.float_outputs)
    built = _build(plan, source, specs, work, progress, stateful=stateful)
    measured = evaluate(plan.name, built, list(specs), reference, gate, original)
    if not measured.passed:
        progress.add(measured.candidate)
        raise refusal(progress.candidates)
    candidate = with_status(measured.candidate, CandidateStatus.CHOSEN)
    progress.add(candidate)
    return ChosenSavedModel(
        candidate, built, gate, default, _describe(specs), reference, _serving_version(plan, source)
    )


def _build(  # noqa: PLR0913
    plan: SavedModelPlan,
    source: OpenedSource,
    specs: dict[str, SignatureSpec],
    work: Path,
    progress: Progress,
    *,
    stateful: bool,
) -> BuiltSavedModel:
    assert source.directory is not None  # noqa: S101 - the caller checked
    directory = source.directory
    tags = source.tags
    if plan.strip:
        directory = work / "stripped"
        progress.say("saving what serving needs, and nothing else")
        strip(source.directory, source.tags, source.meta_graph, specs.values(), directory)
        tags = ["serve"]
    built_specs = read_signatures(read_meta_graph(directory, tags))
    runner = SavedModelRunner(directory, tags, {name: built_specs[name] for name in specs}, reset_state=stateful)
    size = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
    return BuiltSavedModel(directory, runner, size)


def _describe(specs: dict[str, SignatureSpec]) -> dict[str, Signature]:
    return {
        name: Signature(
            batched=is_batched(spec, {}),
            method_name=spec.method_name,
            inputs={key: _tensor(tensor.dtype, tensor.shape) for key, tensor in spec.inputs.items()},
            outputs={key: _tensor(tensor.dtype, tensor.shape) for key, tensor in spec.outputs.items()},
        )
        for name, spec in specs.items()
    }


def _tensor(dtype: str, shape: tuple[int | None, ...] | None) -> Tensor:
    return Tensor(dtype=dtype, shape=[-1 if size is None else size for size in shape or ()])


def _serving_version(plan: SavedModelPlan, source: OpenedSource) -> str | None:
    """TensorFlow Serving's versions follow TensorFlow's: major and minor of what wrote the file."""
    import tensorflow as tf

    version = tf.__version__ if plan.strip else source.tensorflow_version
    return ".".join(version.split(".")[:2]) if version else None
