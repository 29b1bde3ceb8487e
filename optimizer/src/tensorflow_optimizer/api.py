"""The optimizer's functions for Python programs. The command line has more options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .documents.job import BEHAVIOR_VERSION, Architecture, Gate, Job, ModelFormat, Rule, Search, Toolchain
from .errors import BadInputError, ExitCode, OptimizerError
from .processes import environment

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from .documents.outcome import Outcome, OutputMetrics
    from .signatures import SignatureSpec

__all__ = ["Comparison", "Inspection", "Optimized", "OptimizerError", "compare", "inspect", "optimize"]


@dataclass(frozen=True)
class Inspection:
    """Size and signatures of a model, as its files state them."""

    size_bytes: int
    default_signature: str
    """Name of the signature that answers requests without a name."""
    signatures: dict[str, SignatureSpec]
    """Signatures by their names, with names, shapes and types of inputs and outputs. None in a shape is any size."""


@dataclass(frozen=True)
class Comparison:
    """Figures of two models on the same data."""

    size_bytes: tuple[int, int]
    outputs: dict[str, tuple[OutputMetrics, OutputMetrics]]
    """Figures of the first and of the second model by output. What the data cannot tell is None."""
    latency_ratio: float
    """Time of the second model, divided by that of the first."""
    latency_ratio_interval: tuple[float, float]
    """95 % interval of the ratio."""


@dataclass(frozen=True)
class Optimized:
    """The end of an optimization."""

    outcome: Outcome
    """Candidates with their figures and reasons, and one sentence on the end."""
    model: Path | None
    """The directory of the model that passed; None: none passed."""
    report: Path
    """The page with figures and charts."""
    job: Path
    """The job.json that was made."""


def inspect(model: str | os.PathLike[str], *, allowed_operations: Sequence[str] = ()) -> Inspection:
    """Read a model's signatures and size in a sandbox.

    Args:
        model: A SavedModel directory, or a .keras, .h5 or .tflite file.
        allowed_operations: Operations that it may have although they act on more than the model.

    Raises:
        OptimizerError: There is no whole model, or it has other such operations.
    """
    environment.prepare()
    from .command_line.opened_model import described_by, open_model, work_directory
    from .sandbox import Sandbox

    path = _existing(model)
    with Sandbox(preloaded=described_by(path)) as sandbox, work_directory() as work:
        opened = open_model(sandbox, path, ["serve"], work, allowed_operations, checksums=False)
        return Inspection(opened.source.size_bytes, opened.default, opened.specs)


def compare(
    first: str | os.PathLike[str],
    second: str | os.PathLike[str],
    data: str | os.PathLike[str],
    *,
    class_names: Sequence[str] | None = None,
    allowed_operations: Sequence[str] = (),
) -> Comparison:
    """Compare two models by their default signatures, on all samples of the data.

    Args:
        first: The model to compare with: a SavedModel directory, or a .keras, .h5 or .tflite file.
        second: The other model.
        data: Real inputs, .npz or .jsonl, with labels or without.
        class_names: In the order of the output, for data labelled by name.
        allowed_operations: Operations that the models may have although they act on more than the model.

    Raises:
        OptimizerError: A model cannot be opened, or models and data do not fit together.
    """
    environment.prepare()
    from .command_line.compare import measure
    from .command_line.opened_model import open_model, work_directory
    from .evaluation import comparable, latency_ratio
    from .sandbox import Sandbox

    given = [_existing(path) for path in (first, second)]
    with Sandbox() as sandbox, work_directory() as work:
        places = [work / name for name in ("a", "b")]
        for place in places:
            place.mkdir()
        a, b = (
            open_model(sandbox, path, ["serve"], place, allowed_operations)
            for path, place in zip(given, places, strict=True)
        )
        names = None if class_names is None else list(class_names)
        outputs, times = measure(a, b, _existing(data), names)
        ratio, interval = latency_ratio(*comparable([times["b"], times["a"]]))
        return Comparison((a.source.size_bytes, b.source.size_bytes), outputs, ratio, interval)


def optimize(  # noqa: PLR0913 - what to make, and by what it is judged
    model: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] | None = None,
    steps: Sequence[str] = (),
    search: bool = False,
    max_accuracy_loss: float | None = None,
    model_format: ModelFormat | None = None,
    architecture: Architecture = Architecture.X86_64,
    seed: int = 0,
    name: str | None = None,
) -> Optimized:
    """Make a model for one platform as a deployment does, with the evidence.

    Args:
        model: A SavedModel directory, or a .keras, .h5 or .tflite file.
        out: The directory for the model, the report and job.json. An earlier result in it is replaced.
        data: Evaluation data, .npz or .jsonl.
        steps: Steps of exactly one candidate as `--step` takes them, such as `pruning:sparsity=0.8`. Empty: the
            default recipe of a deployment.
        search: Try candidates and take the smallest that passes. It needs data with labels.
        max_accuracy_loss: Accuracy that may be lost, 0 to 0.999; 0.01 is one point. None: the default of a deployment.
        model_format: What to make. None: litert, or saved_model for steps of TensorFlow Serving.
        architecture: The processor that will serve.
        seed: Seed of data splits and training.
        name: The model's name in requests. None: made of the file's name.

    Returns:
        The end, also if no candidate passed: then there is no model.

    Raises:
        OptimizerError: The arguments or their combination are wrong. Whatever is found in the job is in the outcome.
    """
    from .command_line import job_from_options as options
    from .command_line.local_files import evaluation_of, rest_name_of, source_of
    from .command_line.report import report_of
    from .command_line.step_options import parse_steps
    from .data import has_labels
    from .supervision import supervise
    from .supervision.output import check_output, held

    source, directory = _existing(model), Path(out)
    evaluation = None if data is None else _existing(data)
    check_output(directory, [path for path in (source, evaluation) if path is not None])
    parsed = parse_steps(steps, [])
    made_for = model_format or options.format_of(parsed)
    labelled = None if evaluation is None else has_labels(evaluation)
    options.check_steps(parsed, made_for)
    options.check_search(None, None, search=search, labelled=labelled, steps=bool(parsed))
    limits = {} if max_accuracy_loss is None else {"maxAccuracyLoss": max_accuracy_loss}
    options.check_limits(limits, labelled=labelled, steps=bool(parsed))
    rules = [] if search else [Rule.model_validate({"rule": rule, "value": value}) for rule, value in limits.items()]
    searched = Search(objective="size", max_accuracy_loss=max_accuracy_loss) if search else None
    versions = environment.versions()
    try:
        job = Job(
            model=rest_name_of(source) if name is None else name,
            format=made_for,
            source=source_of(source),
            evaluation=None if evaluation is None else evaluation_of(evaluation),
            recipe=options.recipe_of(made_for, parsed, searched),
            gate=Gate(rules=rules) if rules else None,
            seed=seed,
            architecture=architecture,
            toolchain=Toolchain(
                behavior_version=BEHAVIOR_VERSION, tensorflow=versions["tensorflow"], litert=versions["litert"]
            ),
        )
    except ValueError as error:
        raise BadInputError(f"an argument is not one that a job takes ({error})") from error
    options.check_order(job)
    with held(directory):
        config = options.write_job(directory, job)
        outcome = supervise.supervise(config, source, evaluation, directory, [], None)
        supervise.write_report_safely(directory, job, outcome)
    passed = directory / "model" if outcome.exit_code is ExitCode.DONE else None
    return Optimized(outcome, passed, report_of(directory), config)


def _existing(path: str | os.PathLike[str]) -> Path:
    """Return a path, or raise what says that nothing is there."""
    found = Path(path)
    if not found.exists():
        raise BadInputError(f"{found} does not exist; give the path of a model and of its data")
    return found
