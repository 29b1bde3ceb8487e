"""Builds one architecture in float32 and int8, as the job makes its models: `python build.py NUMBER DIRECTORY`.

A process of its own, so that TensorFlow's threads are gone when models are timed.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "optimizer" / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "runtime" / "shared" / "src"))

import numpy as np

from benchmark.models.architectures import ARCHITECTURES
from benchmark.running import native_program

if TYPE_CHECKING:
    from tensorflow_optimizer.conversion import LiteRtMode
    from tensorflow_optimizer.signatures import FixedSignature

    from benchmark.models.architectures import Architecture

TYPES = ("float32", "int8")
SIGNATURE = "serving_default"
ROWS = 32
#: Maximum bytes of a request to Lambda.
LARGEST_BODY = 6_000_000
#: Number of rows for the calibration.
_CALIBRATION = 16


def main() -> None:
    """Write DIRECTORY/float32 and DIRECTORY/int8: the file, model.json, and as many rows as fit a request of Lambda."""
    from tensorflow_optimizer.conversion import SERVE_TAGS, LiteRtMode, save_with_fixed_shapes
    from tensorflow_optimizer.proof.native_program import PROGRAM_VARIABLE
    from tensorflow_optimizer.signatures import read_signatures
    from tensorflow_optimizer.signatures.fixed import fix_shapes

    number, directory = int(sys.argv[1]), Path(sys.argv[2])
    architecture = ARCHITECTURES[number]
    os.environ[PROGRAM_VARIABLE] = str(native_program("bootstrap"))
    with tempfile.TemporaryDirectory(prefix="bench-models-") as work:
        saved, meta_graph = _saved(architecture, Path(work))
        [fixed] = [fix_shapes(spec, None) for name, spec in read_signatures(meta_graph).items() if name == SIGNATURE]
        place = Path(work) / "fixed"
        save_with_fixed_shapes(saved, SERVE_TAGS, meta_graph, [fixed], place)
        int8 = LiteRtMode.FULL_INTEGER if architecture.is_convolutional else LiteRtMode.DYNAMIC_RANGE
        for name, mode in zip(TYPES, (LiteRtMode.FLOAT32, int8), strict=True):
            _write(fixed, place, mode, directory / name)


def _saved(architecture: Architecture, work: Path) -> tuple[Path, Any]:
    """Export the network with Keras, and return the SavedModel's directory and meta graph."""
    import keras
    from tensorflow_optimizer.conversion import SERVE_TAGS
    from tensorflow_optimizer.sources.saved_model_files import read_meta_graph

    keras.utils.set_random_seed(1)
    place = work / "exported"
    architecture.build(architecture.shape).export(str(place), verbose=False)
    return place, read_meta_graph(place, SERVE_TAGS)


def _write(fixed: FixedSignature, saved: Path, mode: LiteRtMode, directory: Path) -> None:
    from tensorflow_optimizer.conversion import LiteRtMode, convert
    from tensorflow_optimizer.data import Dataset
    from tensorflow_optimizer.documents.manifest import ModelDescription
    from tensorflow_optimizer.proof import prove
    from tensorflow_optimizer.runners import LiteRtRunner
    from tensorflow_optimizer.runners.describe import describe_signatures
    from tensorflow_optimizer.sandbox import Sandbox

    [given] = fixed.shapes
    rows = np.random.default_rng(2).uniform(-1, 1, (ROWS, *fixed.item_shape(given))).astype(np.float32)
    calibration = [{given: row[None]} for row in rows[:_CALIBRATION]] if mode is LiteRtMode.FULL_INTEGER else None
    content = convert(saved, mode, [SIGNATURE], calibration)
    signatures = describe_signatures(content, {SIGNATURE: True})
    datasets, reference = {SIGNATURE: Dataset({given: rows}, batched=True)}, LiteRtRunner(content, signatures)
    with Sandbox() as sandbox:
        proof = prove(sandbox, content, "measured", signatures, datasets, reference, reset_state=False)
    if proof.native_refusal is not None:
        raise RuntimeError(f"the native program cannot serve it: {proof.native_refusal}")
    description = ModelDescription(
        schema_version=1,
        model="measured",
        version=1,
        runtime=proof.runtime,
        default_signature=SIGNATURE,
        signatures=proof.signatures,
    )
    directory.mkdir(parents=True)
    (directory / "model.tflite").write_bytes(content)
    (directory / "model.json").write_text(description.to_json(), encoding="utf-8")
    text = json.dumps(rows.tolist())
    (directory / "rows.json").write_text(
        text if len(text) <= LARGEST_BODY else json.dumps(rows[:1].tolist()), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
