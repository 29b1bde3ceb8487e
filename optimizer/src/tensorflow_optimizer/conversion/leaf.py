"""Gives a model fixed shapes, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..documents.plain import from_plain
from ..errors import BadInputError, reason_of
from ..hints import Hint
from ..signatures import FixedSignature, equal_signatures
from ..sources.saved_model_files import read_meta_graph
from .fixed_shape import save_with_fixed_shapes
from .fixed_tflite import with_fixed_shapes

if TYPE_CHECKING:
    from ..sandbox import Channel

#: Names of a leaf's results in its directory: the SavedModel with fixed shapes, and the converted file.
FIXED, FILE = "fixed", "model.tflite"


def fix_saved_model(channel: Channel, directory: Path) -> None:
    """Save the signatures of the one request with fixed shapes, equal ones once, and answer which are equal."""
    for request in channel:
        asked = request.document
        signatures = from_plain(list[FixedSignature], asked["signatures"], "the signatures")
        source, tags = Path(asked["path"]), asked["tags"]
        meta_graph = read_meta_graph(source, tags)
        equal = equal_signatures(meta_graph, [signature.spec for signature in signatures])
        kept = [signature for signature in signatures if signature.name not in equal]
        try:
            save_with_fixed_shapes(source, tags, meta_graph, kept, directory / FIXED)
        except (ValueError, TypeError) as error:
            shapes = {signature.name: signature.shapes for signature in signatures}
            raise BadInputError(
                f"the model cannot be built with the input shapes {shapes} ({reason_of(error)}); give other shapes",
                Hint.INPUT_SHAPES,
            ) from error
        channel.answer({"equal": equal})


def fix_file(channel: Channel, directory: Path) -> None:
    """Write the .tflite file of the one request with the fixed shapes of its signatures."""
    for request in channel:
        signatures = from_plain(list[FixedSignature], request.document["signatures"], "the signatures")
        content = with_fixed_shapes(Path(request.document["path"]).read_bytes(), signatures)
        (directory / FIXED).mkdir()
        (directory / FIXED / FILE).write_bytes(content)
        channel.answer({})
