"""The command `inspect`: describes a model, and what each path can do with it."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import OptimizerError
from ..processes import environment
from ..report.figures import megabytes
from ..sources import TfliteSource
from ..sources.tflite_file import is_quantized
from .failure import one_sentence
from .hint_options import INSPECT_OPTIONS
from .rows_of_a_run import rows_of_a_run

if TYPE_CHECKING:
    from .opened_model import OpenedModel

#: Operators that read or write files of the serving machine, which a third-party model should not contain.
FILE_OPERATORS = frozenset(
    {
        "FixedLengthRecordDatasetV2",
        "FixedLengthRecordReaderV2",
        "InitializeTableFromTextFile",
        "InitializeTableFromTextFileV2",
        "MatchingFiles",
        "MergeV2Checkpoints",
        "ReadFile",
        "Restore",
        "RestoreSlice",
        "RestoreV2",
        "Save",
        "SaveSlices",
        "SaveV2",
        "TFRecordDataset",
        "TFRecordDatasetV2",
        "TFRecordReaderV2",
        "TextLineDataset",
        "TextLineReaderV2",
        "WholeFileReaderV2",
        "WriteFile",
    }
)


#: Types that TensorFlow Serving's REST API cannot carry. gRPC carries all.
WITHOUT_REST = frozenset({"float16", "bfloat16", "uint16", "complex64", "complex128"})


def inspect(
    model: Annotated[Path, typer.Argument(help="A SavedModel directory, or a .keras, .h5 or .tflite file.")],
    tag: Annotated[list[str] | None, typer.Option(help="Tag of the SavedModel's graph.", show_default="serve")] = None,
) -> None:
    """Print a model's signatures, size and operators, and what each path can do with it. Changes nothing.

    A .tflite file is run with made-up rows, in a process of its own, to see how many of them it can compute at once.
    Operators that read or write files of the machine are marked: be careful with such a model of somebody else's.
    Exit codes: 0; 2 where there is no whole model; 4 where nobody could serve it.
    """
    environment.prepare()
    with one_sentence(INSPECT_OPTIONS), tempfile.TemporaryDirectory(prefix="inspect-") as work:
        from .opened_model import open_model

        _show(model, open_model(model, tag or ["serve"], Path(work)))


def operators(model: OpenedModel) -> Counter[str]:
    """Return the operators that the model's signatures reach."""
    from ..signatures import operators_of

    if isinstance(model.source, TfliteSource):
        return _litert_operators(model.content)
    found: Counter[str] = Counter()
    for spec in model.specs.values():
        found |= operators_of(model.source.meta_graph, spec)
    return found


def paths(model: OpenedModel) -> list[tuple[str, str]]:
    """Return what each path can do with the model, or why it cannot serve it."""
    return [("LiteRT, on Lambda", _for_lambda(model)), ("TensorFlow Serving", _for_serving(model))]


def _for_lambda(model: OpenedModel) -> str:
    from ..documents.job import Identity, Packaging, Source
    from ..signatures import refuse_python, select_for_litert, state_writers

    source = Source(packaging=Packaging.FILE, identity=Identity())
    try:
        selection = select_for_litert(model.specs, source)
        if not isinstance(model.source, TfliteSource):
            refuse_python(model.source.meta_graph, model.specs[selection.default])
    except OptimizerError as error:
        return f"no: {error}"
    if isinstance(model.source, TfliteSource):
        quantized = is_quantized(model.content)
        able = "serves it as it is" if quantized else "default recipe, search, quantization, distillation"
        if "ASSIGN_VARIABLE" in operators(model):
            return f"{able}, with --stateful reset_per_request, because it changes its state"
        return f"{able}, because it is quantized already" if quantized else able
    writers = state_writers(model.source.meta_graph, selection.signatures[selection.default].spec)
    if writers:
        return f"only with --stateful reset_per_request, because it changes its state ({', '.join(writers)})"
    return "default recipe, search, quantization, pruning, distillation, if LiteRT has all of its operators"


def _for_serving(model: OpenedModel) -> str:
    from ..conversion import freeze_problem
    from ..signatures import refuse_python

    if isinstance(model.source, TfliteSource):
        return "no: TensorFlow Serving needs the SavedModel or the Keras file that this was made of"
    try:
        for spec in model.specs.values():
            refuse_python(model.source.meta_graph, spec)
    except OptimizerError as error:
        return f"no: {error}"
    problem = freeze_problem(model.source.meta_graph, list(model.specs.values()), model.source.size_bytes)
    steps = (
        "strips it; --step freeze, and --step bfloat16 on processors that have it"
        if problem is None
        else f"strips it; no --step freeze and no --step bfloat16, because {problem}"
    )
    return f"default recipe: {steps}{_only_by_grpc(model)}"


def _only_by_grpc(model: OpenedModel) -> str:
    """Return a warning where TensorFlow Serving would answer the REST requests of a signature by 400 or 501."""
    found = [
        f"{name}: {tensor} {spec.dtype}"
        for name, signature in model.specs.items()
        for tensor, spec in {**signature.inputs, **signature.outputs}.items()
        if spec.dtype in WITHOUT_REST
    ]
    if not found:
        return ""
    return f"; by gRPC only, its REST API has no such types ({', '.join(found)}): REST needs float32"


def _litert_operators(content: bytes) -> Counter[str]:
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    codes = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
    found: Counter[str] = Counter()
    for index in range(model.SubgraphsLength()):
        graph: Any = model.Subgraphs(index)
        for number in range(graph.OperatorsLength()):
            code = codes[graph.Operators(number).OpcodeIndex()]
            found[names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]] += 1
    return found


def _show(path: Path, model: OpenedModel) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

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
        table.add_row(Text(name), str(count), "reads or writes files" if name in FILE_OPERATORS else "")
    console.print(table)
    possible = Table("path", "what it can do")
    for name, text in [*paths(model), ("rows of a run, LiteRT", rows_of_a_run(model))]:
        possible.add_row(name, Text(text))
    console.print(possible)
