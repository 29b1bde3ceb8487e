"""Makes the files of a candidate, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..conversion import (
    FreezeError,
    LiteRtMode,
    StrippingError,
    bake_bfloat16,
    convert,
    freeze,
    has_fewer_bits,
    strip,
    with_serve_tags,
)
from ..data import Dataset
from ..documents.plain import from_plain
from ..errors import UnsupportedError, reason_of
from ..hints import Hint
from ..signatures import SignatureSpec, describe_signatures_of, freeze_problem, read_signatures
from ..sources.leaf import has_tables
from ..sources.saved_model_files import read_meta_graph
from ..training.carried import training_set_of
from .plans import LiteRtPlan
from .quantized_file import calibration_rows, quantized
from .recovery import Recovery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..processes.progress import Progress
    from ..runners.runner import Arrays
    from ..sandbox import Channel

#: Names of a leaf's results in its directory: the directory of the files, the model, and the model before quantization.
MADE, FILE, FLOATS = "made", "model.tflite", "floats.tflite"
CALIBRATION = "calibration/"


def make_file(channel: Channel, directory: Path) -> None:
    """Make the .tflite file of the one request: of a SavedModel with fixed shapes, or of a .tflite file of floats."""
    for request in channel:
        plan: LiteRtPlan = from_plain(LiteRtPlan, request.document["plan"], "the plan")
        content, floats = _file(plan, request.document, request.arrays, channel.progress)
        if plan.mode is not LiteRtMode.FLOAT32 and not has_fewer_bits(content):
            raise UnsupportedError(
                f"quantization to {plan.mode} changes nothing in this model: none of its layers has weights that it "
                "would store otherwise (most types need 1,024 numbers); leave the step out",
                Hint.RECIPE_UNCHANGED,
            )
        (directory / MADE).mkdir()
        (directory / MADE / FILE).write_bytes(content)
        if floats is not None:
            (directory / MADE / FLOATS).write_bytes(floats)
        channel.answer({"floats": floats is not None})


def _file(plan: LiteRtPlan, asked: Mapping[str, Any], arrays: Arrays, progress: Progress) -> tuple[bytes, bytes | None]:
    place, names = Path(asked["path"]), asked["names"]
    inputs = {key.removeprefix(CALIBRATION): value for key, value in arrays.items() if key.startswith(CALIBRATION)}
    calibration = Dataset(inputs, asked["batched"]) if inputs else None
    apart = plan.measure is not None or plan.mode is LiteRtMode.MIXED
    if place.is_file():
        content = place.read_bytes()
    else:
        mode = LiteRtMode.FLOAT32 if apart else plan.mode
        progress.say(f"converting to {mode}")
        content = convert(place, mode, names, None if calibration is None else calibration_rows(calibration))
        if not apart:
            return content, None
    if plan.measure is None:
        return quantized(content, plan, names[0], calibration, progress), None
    if calibration is None:
        raise UnsupportedError("what quantization loses cannot be recovered without data")
    training_set = training_set_of(asked["trainingSet"], arrays)
    recovery = Recovery(names[0], calibration, training_set, asked["trainingCount"], asked["seed"], progress)
    return recovery.recovered(content, plan)


def make_saved_model(channel: Channel, directory: Path) -> None:
    """Make the SavedModel of the one request: stripped, frozen, in bfloat16, or with the tags of servers."""
    for request in channel:
        asked = request.document
        try:
            _make_saved_model(asked, directory / MADE)
        except StrippingError as error:
            channel.answer({"stripping": error.reason})
        except FreezeError as error:
            channel.answer({"freezing": reason_of(error)})
        else:
            channel.answer({})


def _make_saved_model(asked: Mapping[str, Any], destination: Path) -> None:
    source, tags, how = Path(asked["path"]), asked["tags"], asked["how"]
    if how == "bake":
        bake_bfloat16(source, destination)
        return
    meta_graph = read_meta_graph(source, tags)
    specs: dict[str, SignatureSpec] = from_plain(dict[str, SignatureSpec], asked["signatures"], "the signatures")
    if how == "tag":
        with_serve_tags(source, meta_graph, destination)
    elif how == "strip":
        strip(source, tags, meta_graph, specs.values(), destination)
    else:
        described = describe_signatures_of(meta_graph)
        kept = [described[name] for name in specs]
        problem = freeze_problem(kept, has_tables=has_tables(meta_graph), size_bytes=asked["sizeBytes"])
        if problem is not None:
            raise UnsupportedError(f"the model cannot be frozen: {problem}")
        own = read_signatures(meta_graph)
        freeze(source, tags, [own[name] for name in specs], destination)
