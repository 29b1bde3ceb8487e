"""The command `compare`: two models on the same data."""

from __future__ import annotations

import shlex
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BadInputError
from ..processes import environment
from ..report.figures import megabytes, milliseconds, percent, points, r_squared, small, smaller, speed, speeds
from .failure import in_inspection, one_sentence
from .isolation import show_isolation
from .json_option import AsJson, show_document
from .label_option import ClassNames  # noqa: TC001 - typer evaluates it
from .operation_option import AllowedOperations  # noqa: TC001 - typer evaluates it
from .option_values import read_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..documents.outcome import OutputMetrics
    from ..evaluation import Latency
    from ..runners import Elapsed, Runner
    from ..runners.runner import Array, Arrays
    from ..sandbox import Sandbox
    from .opened_model import OpenedModel

_Model = Annotated[Path, typer.Argument(help="A SavedModel directory, or a .keras, .h5 or .tflite file.")]


def compare(  # noqa: PLR0913 - one parameter for each option
    a: _Model,
    b: _Model,
    data: Annotated[Path, typer.Option(help="Real inputs, .npz, .jsonl, .csv or .parquet, with labels or without.")],
    labels: ClassNames = None,
    allowed_operation: AllowedOperations = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare B with A: size, decisions, accuracy where there are labels, and latency, the two taking turns.

    Both are opened in a sandbox, as a job opens them. All samples are used, and both models answer their default
    signature. Inputs and outputs are paired by name, or where both models have only one.
    """
    environment.prepare()
    from ..sandbox import Sandbox
    from .opened_model import open_model, work_directory

    with one_sentence(in_inspection), Sandbox() as sandbox, work_directory() as work:
        places = [work / name for name in ("a", "b")]
        for place in places:
            place.mkdir()
        first, second = (
            open_model(sandbox, path, ["serve"], place, allowed_operation or ())
            for path, place in zip((a, b), places, strict=True)
        )
        metrics, times = measure(first, second, data, read_labels(labels) if labels else None)
        sizes = first.source.size_bytes, second.source.size_bytes
        if as_json:
            show_document(_document((a.name, b.name), sizes, metrics, times, sandbox))
        else:
            _show((a.name, b.name), sizes, metrics, times, sandbox)
            first_path, rows, second_path = (shlex.quote(str(path)) for path in (a, data, b))
            typer.echo(
                f"next: cdk-tensorflow predict {first_path} {rows} --compare {second_path}, for the rows that differ"
            )


def measure(
    first: OpenedModel, second: OpenedModel, data: Path, class_names: list[str] | None = None
) -> tuple[dict[str, tuple[OutputMetrics, OutputMetrics]], dict[str, Latency]]:
    """Return both models' figures by the first one's outputs, and their latencies under the names `a` and `b`.

    Args:
        first: The model to compare with.
        second: The other model.
        data: The file with real inputs.
        class_names: In the order of the output, for data labelled by name.

    Raises:
        BadInputError: Data or labels do not fit, or the models' inputs or outputs differ.
    """
    from ..data import read_dataset
    from ..evaluation import answers_of, infer_tasks, interleaved_latency, rate
    from ..evaluation import compare as compare_answers
    from ..evaluation.compare import check_labels
    from ..evaluation.tasks import in_form_of, own_form
    from ..prediction import check_form
    from ..runners import RunError

    name = first.default
    shapes = first.shapes() or second.shapes()
    batched = first.batched if first.batched is not None else second.batched
    dataset = read_dataset(
        data, first.specs[name], dict(shapes) if shapes else None, batched=batched, labels=class_names
    )
    runners: dict[str, Runner] = {"a": first.load(), "b": _Renamed(first, second)}
    try:
        answers = {key: answers_of(runner, name, dataset) for key, runner in runners.items()}
    except RunError as error:
        raise BadInputError(f"one of the models cannot compute the data ({error})") from error
    for key, value in answers["a"].items():
        check_form(key, value, answers["b"][key])
    tasks = infer_tasks(answers["a"], dataset.labels, {}, None)
    for key, truth in dataset.labels.items():
        check_labels(key, tasks[key], answers["a"][key], truth)
    figures = {}
    for key, value in answers["a"].items():
        task, other, labels = tasks[key], answers["b"][key], dataset.labels.get(key)
        own = own_form(task, other)
        compared = compare_answers(task, value, in_form_of(task, own, other), labels, seed=0, real=True)
        figures[key] = rate(task, value, labels), compared.model_copy(update={"task": own.describe()})
    return figures, interleaved_latency(runners, name, dataset)


class _Renamed:
    """The second model under the names of the first one's default signature."""

    def __init__(self, first: OpenedModel, second: OpenedModel) -> None:
        from ..prediction import paired

        left, right = first.specs[first.default], second.specs[second.default]
        self._inputs = paired("inputs", list(left.inputs), list(right.inputs))
        self._outputs = paired("outputs", list(left.outputs), list(right.outputs))
        self._signature = second.default
        self._runner = second.load()

    def run(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:  # noqa: ARG002 - it has one of its own
        """Call the default signature once."""
        answers = self._runner.run(self._signature, self._renamed(inputs))
        return {name: answers[theirs] for name, theirs in self._outputs.items()}

    def elapsed(self, signature: str, inputs: Mapping[str, Array], times: int) -> Elapsed:  # noqa: ARG002 - it has one of its own
        """Return what calls take, and asking."""
        return self._runner.elapsed(self._signature, self._renamed(inputs), times)

    @property
    def traces_of_others(self) -> tuple[int, ...] | None:
        """Numbers that change when the model's process starts another one."""
        return self._runner.traces_of_others

    def restart(self) -> None:
        """Load the model in a fresh process."""
        self._runner.restart()

    def _renamed(self, inputs: Mapping[str, Array]) -> Arrays:
        return {self._inputs[name]: value for name, value in inputs.items()}

    def close(self) -> None:
        """Free what the runner holds."""
        self._runner.close()


def _document(
    names: tuple[str, str],
    sizes: tuple[int, int],
    metrics: dict[str, tuple[OutputMetrics, OutputMetrics]],
    times: dict[str, Latency],
    sandbox: Sandbox,
) -> dict[str, Any]:
    from ..evaluation import comparable, latency_ratio

    ratio, interval = latency_ratio(*comparable([times["b"], times["a"]]))
    return {
        key: {
            "file": name,
            "sizeBytes": size,
            "latencyMilliseconds": times[key].wall.median,
            "outputs": {output: pair[place].to_data() for output, pair in metrics.items()},
        }
        for place, (key, name, size) in enumerate(zip("ab", names, sizes, strict=True))
    } | {"latencyRatio": {"value": ratio, "interval": interval}, "isolation": sandbox.layers}


def _show(
    names: tuple[str, str],
    sizes: tuple[int, int],
    metrics: dict[str, tuple[OutputMetrics, OutputMetrics]],
    times: dict[str, Latency],
    sandbox: Sandbox,
) -> None:
    from rich.console import Console
    from rich.table import Table

    from ..evaluation import comparable, latency_ratio

    table = Table("", f"A: {names[0]}", f"B: {names[1]}", "B against A")
    table.add_row("size", *map(megabytes, sizes), smaller(*sizes))
    ratio, spread = latency_ratio(*comparable([times["b"], times["a"]]))
    table.add_row("latency", *(milliseconds(times[key].wall.median) for key in "ab"), speed(ratio, spread))
    table.add_row("", "", "", f"95 %: {speeds(spread)}")
    for name, (first, second) in metrics.items():
        if first.task != second.task:
            table.add_row(f"task of {name}", first.task, second.task, "compared in the form of A")
        if second.accuracy is not None:
            lost = f"{percent(second.accuracy_loss)} lost"
            table.add_row(f"accuracy of {name}", percent(first.accuracy), percent(second.accuracy), lost)
            balanced = percent(first.balanced_accuracy), percent(second.balanced_accuracy)
            table.add_row(f"balanced accuracy of {name}", *balanced, "")
        if second.mean_absolute_error is not None:
            for what, left, right in (
                ("mean absolute error", first.mean_absolute_error, second.mean_absolute_error),
                ("root mean squared error", first.root_mean_squared_error, second.root_mean_squared_error),
            ):
                table.add_row(f"{what} of {name}", small(left), small(right), "")
            grown = second.error_increase
            increase = "not finite" if grown is None or not isfinite(grown) else f"MAE {points(grown)} %"
            table.add_row(f"R² of {name}", r_squared(first.r_squared), r_squared(second.r_squared), increase)
        if second.agreement is not None:
            table.add_row(f"agreement of {name}", "", "", percent(second.agreement))
        if second.relative_error is not None:
            error = second.relative_error
            table.add_row(f"relative error of {name}", "", "", small(error) if isfinite(error) else "not finite")
    console = Console()
    console.print(table)
    show_isolation(console, sandbox)
