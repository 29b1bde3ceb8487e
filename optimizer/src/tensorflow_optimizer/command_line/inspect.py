"""The command `inspect`: describes a model, and what each path can do with it."""

from __future__ import annotations

import shlex
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..documents.job import Identity, Packaging, Source
from ..errors import OptimizerError
from ..processes import environment
from ..report.figures import megabytes
from .failure import in_inspection, one_sentence
from .isolation import show_isolation
from .json_option import AsJson, show_document
from .operation_option import AllowedOperations  # noqa: TC001 - typer evaluates it

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..sources import TfliteSource
    from .opened_model import OpenedModel

#: Types that TensorFlow Serving's REST API cannot carry. gRPC carries all.
WITHOUT_REST = frozenset({"float16", "bfloat16", "uint16", "complex64", "complex128"})


def inspect(
    model: Annotated[Path, typer.Argument(help="A SavedModel directory, or a .keras, .h5 or .tflite file.")],
    tag: Annotated[list[str] | None, typer.Option(help="Tag of the SavedModel's graph.", show_default="serve")] = None,
    allowed_operation: AllowedOperations = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print a model's signatures, size and operators, and what each path can do with it. Changes nothing.

    It is opened in a sandbox, as a job opens it. A .tflite file is run there with generated rows, to see how many it
    can compute at once.
    A model with operations that act on more than the model itself is refused, with their list. Those that
    --allowed-operation names are marked: be careful with such a model of somebody else's.
    Exit codes: 0; 2 where there is no whole model; 4 where nobody could serve it.
    """
    environment.prepare()
    # Other commands start without NumPy.
    from ..sandbox import Sandbox
    from .opened_model import described_by, open_model, work_directory

    with (
        one_sentence(in_inspection),
        Sandbox(preloaded=described_by(model)) as sandbox,
        work_directory() as work,
    ):
        opened = open_model(sandbox, model, tag or ["serve"], work, allowed_operation or (), checksums=False)
        if as_json:
            show_document(_document(model, opened))
        else:
            _show(model, opened)


def operators(model: OpenedModel) -> Mapping[str, int]:
    """Return the operators that the model's signatures reach."""
    from ..signatures import operators_in
    from ..sources import TfliteSource

    source = model.source
    return source.operators if isinstance(source, TfliteSource) else operators_in(source.signatures.values())


def paths(model: OpenedModel) -> list[tuple[str, str]]:
    """Return what each path can do with the model, or why it cannot serve it."""
    return [("LiteRT, on Lambda", _for_lambda(model)), ("TensorFlow Serving", _for_serving(model))]


def _for_lambda(model: OpenedModel) -> str:
    from ..signatures import refuse_python, select_for_litert
    from ..sources import TfliteSource

    described = Source(packaging=Packaging.FILE, identity=Identity())
    source = model.source
    try:
        selection = select_for_litert(model.specs, described, with_text=not isinstance(source, TfliteSource))
        if not isinstance(source, TfliteSource):
            refuse_python(source.signatures[selection.default])
    except OptimizerError as error:
        return f"no: {error}"
    if isinstance(source, TfliteSource):
        return _with_file(source)
    writers = source.signatures[selection.default].writers
    if writers:
        return f"only with --stateful reset_per_request, because it changes its state ({', '.join(writers)})"
    spec = selection.signatures[selection.default].spec
    if texts := [name for name, tensor in spec.outputs.items() if tensor.dtype == "string"]:
        return f"no: the signature {selection.default!r} returns strings ({', '.join(map(repr, texts))})"
    if spec.string_tensors:
        return "default recipe, search, quantization, if its text part can be separated from its numbers"
    return "default recipe, search, quantization, pruning, distillation, if LiteRT has all of its operators"


def _with_file(source: TfliteSource) -> str:
    if source.quantized:
        able, reason = "serves it as it is", ", because it is quantized already"
    else:
        able, reason = "default recipe, search, quantization, distillation", ""
    if source.stateful:
        reason = ", with --stateful reset_per_request, because it changes its state"
    return f"{able}{reason}"


def _for_serving(model: OpenedModel) -> str:
    from ..signatures import freeze_problem, refuse_python
    from ..sources import TfliteSource

    source = model.source
    if isinstance(source, TfliteSource):
        return "no: TensorFlow Serving needs the SavedModel or the Keras file that this was made of"
    try:
        for signature in source.signatures.values():
            refuse_python(signature)
    except OptimizerError as error:
        return f"no: {error}"
    problem = freeze_problem(source.signatures.values(), has_tables=source.has_tables, size_bytes=source.size_bytes)
    steps = (
        "strips it; --step freeze, and --step bfloat16 on processors that have it"
        if problem is None
        else f"strips it; no --step freeze and no --step bfloat16, because {problem}"
    )
    return f"default recipe: {steps}{_only_by_grpc(model)}"


def _only_by_grpc(model: OpenedModel) -> str:
    """Return a warning where TensorFlow Serving would answer the REST requests of a signature by 400 or 501."""
    types = [
        f"{name}: {tensor} {spec.dtype}"
        for name, signature in model.specs.items()
        for tensor, spec in {**signature.inputs, **signature.outputs}.items()
        if spec.dtype in WITHOUT_REST
    ]
    if not types:
        return ""
    return f"; by gRPC only, its REST API has no such types ({', '.join(types)}): REST needs float32"


def _rows_of_a_run(model: OpenedModel) -> str:
    from ..sources import TfliteSource

    if not isinstance(model.source, TfliteSource):
        return "measured by `optimize`, which converts the model"
    from .rows_of_a_run import rows_of_a_run

    return rows_of_a_run(model, model.source)


def _document(path: Path, model: OpenedModel) -> dict[str, Any]:
    from ..signatures.side_effects import effects

    source, found = model.source, operators(model)
    return {
        "file": path.name,
        "kind": source.kind.value,
        "sizeBytes": source.size_bytes,
        "tensorflowVersion": source.tensorflow_version,
        "signatures": {
            name: {
                group: {
                    tensor: {"dtype": spec.dtype, "shape": None if spec.shape is None else list(spec.shape)}
                    for tensor, spec in tensors.items()
                }
                for group, tensors in (("inputs", signature.inputs), ("outputs", signature.outputs))
            }
            for name, signature in model.specs.items()
        },
        "operators": dict(sorted(found.items())),
        "sideEffects": {name: effects()[name].could for name in sorted(found) if name in effects()},
        "paths": {
            name: {"serves": not text.startswith("no: "), "detail": text.removeprefix("no: ")}
            for name, text in paths(model)
        },
        "rowsOfARun": _rows_of_a_run(model),
        "isolation": model.sandbox.layers,
    }


def _show(path: Path, model: OpenedModel) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..signatures.side_effects import effects

    console = Console()
    source = model.source
    made = f", saved by TensorFlow {source.tensorflow_version}" if source.tensorflow_version else ""
    console.print(
        f"{path.name}: {source.kind.value}, {megabytes(source.size_bytes)}{made}",
        markup=False,
        highlight=False,
    )
    signatures = Table("signature", "inputs", "outputs")
    for name, spec in model.specs.items():
        tensors = (
            "\n".join(f"{key}: {entry}" for key, entry in group.items()) for group in (spec.inputs, spec.outputs)
        )
        signatures.add_row(*map(Text, (name, *tensors)))
    console.print(signatures)
    table = Table("operator", "times", "")
    for name, count in sorted(operators(model).items()):
        table.add_row(Text(name), str(count), f"could {effects()[name].could}" if name in effects() else "")
    console.print(table)
    possible = Table("path", "what it can do")
    for name, text in [*paths(model), ("rows of a run, LiteRT", _rows_of_a_run(model))]:
        possible.add_row(name, Text(text))
    console.print(possible)
    show_isolation(console, model.sandbox)
    typer.echo(f"next: cdk-tensorflow check {shlex.quote(str(path))} DATA, with rows as callers send them")
