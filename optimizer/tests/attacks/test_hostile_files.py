"""Files whose parsers are libraries of C: what crashes them crashes a process, and is a sentence."""

from __future__ import annotations

import json
import os
import random
import shutil
import struct
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from tensorflow_optimizer.documents.job import Identity, Packaging, Source
from tensorflow_optimizer.errors import OptimizerError, RunError
from tensorflow_optimizer.runners import RemoteLiteRt, Undescribed
from tensorflow_optimizer.runners.flatbuffer import pack, unpack
from tensorflow_optimizer.sandbox import Sandbox
from tensorflow_optimizer.sources import open_source
from tensorflow_optimizer.sources.opened import TfliteSource
from world import World, sentence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sample_models import SampleModels
    from tensorflow_optimizer.sandbox import Zygote

COUNT = int(os.environ.get("ATTACKS", "50"))
SEED = int(os.environ.get("ATTACKS_SEED", "1"))
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root gives each leaf a user of its own"
)
SOURCE = Source(packaging=Packaging.FILE, identity=Identity())


@pytest.fixture
def leaves(world: World, zygote: Zygote) -> Iterator[Sandbox]:
    with Sandbox(world.leaves, zygote=zygote) as made:
        yield made


def opened(leaves: Sandbox, world: World, file: Path) -> TfliteSource | str:
    """Open a file and run it once, and return what it is, or the sentence of its refusal."""
    work = world.place / "work"
    work.mkdir(exist_ok=True)
    try:
        found = open_source(leaves, file, SOURCE, work)
        if isinstance(found, TfliteSource):
            _run(leaves, found)
    except (OptimizerError, RunError) as error:
        return sentence_of(error)  # type: ignore[arg-type]
    finally:
        shutil.rmtree(work)
    assert isinstance(found, TfliteSource)
    return found


def _run(leaves: Sandbox, source: TfliteSource) -> None:
    model = RemoteLiteRt(leaves, source.file, Undescribed(dict.fromkeys(source.signatures, True), unknown_batch=True))
    try:
        for name, signature in model.signatures.items():
            inputs = {
                key: np.zeros([max(size, 1) for size in tensor.shape], tensor.dtype)
                for key, tensor in signature.inputs.items()
            }
            if sum(value.size for value in inputs.values()) < 1 << 20:
                model.run(name, inputs)
    finally:
        model.close()


def changed(content: bytes, seed: int) -> bytes:
    """Return a file with a few numbers changed: offsets, lengths, types, shapes, indices."""
    draw, found = random.Random(seed), bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 5))):
        # Weights are most of a file, and change nothing: what describes it is at the end of the samples' files.
        place = draw.choice((draw.randrange(64), draw.randrange(len(found) - 3000, len(found)) & ~3))
        value = draw.choice((0, 1, 0x7F, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, draw.randrange(1 << 32), 1 << 20))
        struct.pack_into("<I", found, min(place, len(found) - 4), value)
    return bytes(found)


def test_changed_tflite_files_are_run_or_refused_and_crash_only_their_process(
    world: World, leaves: Sandbox, models: SampleModels
) -> None:
    content, file = models.static_tflite.read_bytes(), world.place / "model.tflite"
    before, found = world.state(), {}
    for seed in range(SEED, SEED + COUNT // 2):
        file.write_bytes(changed(content, seed))
        found[seed] = opened(leaves, world, file)
    file.unlink()

    assert world.state() == before
    refused = [sentence for sentence in found.values() if isinstance(sentence, str)]
    assert refused, "no file was changed where it matters"


def _huge_tensor(model: schema.ModelT) -> None:
    model.subgraphs[0].tensors[0].shape = [1, 1 << 30]
    model.subgraphs[0].tensors[0].shapeSignature = [1, 1 << 30]


def _negative_shape(model: schema.ModelT) -> None:
    for tensor in model.subgraphs[0].tensors:
        tensor.shape = [-5 for _ in tensor.shape]


def _no_such_tensor(model: schema.ModelT) -> None:
    model.subgraphs[0].operators[0].inputs = [1 << 20, -7, 3]


def _no_such_output(model: schema.ModelT) -> None:
    model.subgraphs[0].outputs = [1 << 30]
    model.signatureDefs[0].outputs[0].tensorIndex = 1 << 30


def _itself(model: schema.ModelT) -> None:
    operator = model.subgraphs[0].operators[0]
    operator.inputs, operator.outputs = [operator.outputs[0]] * 3, [operator.outputs[0]]


def _short_weights(model: schema.ModelT) -> None:
    for buffer in model.buffers:
        if buffer.data is not None and len(buffer.data) > 64:
            buffer.data = buffer.data[:3]


def _custom_operator(model: schema.ModelT) -> None:
    model.operatorCodes[0].builtinCode = schema.BuiltinOperator.CUSTOM
    model.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    model.operatorCodes[0].customCode = "\x1b[31mred\nattack"


def _odd_names(model: schema.ModelT) -> None:
    model.signatureDefs[0].signatureKey = "a\n\x1b[31mb"
    model.signatureDefs[0].inputs[0].name = "../../x\r\n"


CRAFTED: dict[str, Callable[[schema.ModelT], None]] = {
    "a tensor of four gigabytes": _huge_tensor,
    "negative shapes": _negative_shape,
    "an index of no tensor": _no_such_tensor,
    "an output that is none": _no_such_output,
    "an operator that reads what it writes": _itself,
    "weights shorter than their shape": _short_weights,
    "a custom operator whose name has an escape sequence": _custom_operator,
    "names with line ends": _odd_names,
}


@pytest.mark.parametrize("what", CRAFTED)
def test_a_tflite_file_that_describes_what_cannot_be_is_refused(
    world: World, leaves: Sandbox, models: SampleModels, what: str
) -> None:
    model = unpack(models.static_tflite.read_bytes())
    CRAFTED[what](model)
    file = world.place / "model.tflite"
    file.write_bytes(pack(model))

    assert isinstance(opened(leaves, world, file), str)


def _zip(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def _bomb(place: Path, _: SampleModels) -> Path:
    return _zip(place / "m.keras", {"config.json": b" " * (1 << 28), "metadata.json": b"{}", "model.weights.h5": b""})


def _climbing(place: Path, _: SampleModels) -> Path:
    entries = {"config.json": b"{}", "../public": b"forged", "/etc/attack": b"forged", "model.weights.h5": b"x"}
    return _zip(place / "m.keras", entries)


def _module(place: Path, _: SampleModels) -> Path:
    layer = {"class_name": "system", "module": "os", "config": {"command": f"touch {place}/open/owned"}}
    config = {"class_name": "Sequential", "module": "keras", "config": {"name": "s", "layers": [layer]}}
    entries = {"config.json": json.dumps(config).encode(), "metadata.json": b"{}", "model.weights.h5": b""}
    return _zip(place / "m.keras", entries)


def _h5(place: Path, models: SampleModels) -> Path:
    content = bytearray(models.h5_file.read_bytes())
    for offset in range(100, 2000, 40):
        struct.pack_into("<Q", content, offset, 0xFFFFFFFFFFFFFFF0)
    (place / "m.h5").write_bytes(content)
    return place / "m.h5"


def _copied(name: str) -> Callable[[Path, SampleModels], Path]:
    return lambda place, models: Path(shutil.copy(getattr(models, name), place))


def _checkpoint(place: Path, _: SampleModels) -> Path:
    (place / "ckpt").mkdir()
    (place / "ckpt" / "model.ckpt.index").write_bytes(b"\xff" * 4096)
    (place / "ckpt" / "model.ckpt.data-00000-of-00001").write_bytes(b"\xff" * 64)
    return place / "ckpt"


OTHERS: dict[str, Callable[[Path, SampleModels], Path]] = {
    "a .keras file with code": _copied("lambda_keras"),
    "a .keras file with objects of others": _copied("custom_keras"),
    "a .keras file that calls a module": _module,
    "a .keras file of a quarter of a gigabyte of spaces": _bomb,
    "a .keras file whose members are elsewhere": _climbing,
    "an .h5 file with code": _copied("lambda_h5"),
    "an .h5 file whose addresses lead nowhere": _h5,
    "a checkpoint": _checkpoint,
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_model_that_is_none_is_a_sentence_and_leaves_nothing(
    world: World, leaves: Sandbox, models: SampleModels, what: str
) -> None:
    path = OTHERS[what](world.place, models)
    before = world.state()

    assert isinstance(opened(leaves, world, path), str)

    assert world.state() == before
