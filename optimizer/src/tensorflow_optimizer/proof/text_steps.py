"""Compares the numbers that the native program makes of texts and categories with those of TensorFlow: all are equal.

A model that answers what it is fed stands for the real one, whose answers would hide a number that hardly counts.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.manifest import LiteRtTensor, Signature, Tensor
from ..sandbox import Wanted
from ..text.leaf import PROBE, PROBE_FILE
from .choose_runtime import describe_model, litert_library
from .native_program import RefusedError, as_array, find_program, native_program, request_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..data import Dataset
    from ..sandbox import Sandbox
    from ..signatures import FixedSignature
    from ..text import SplitModel

_PROBE = "tensorflow_optimizer.text.leaf:probe"
_ROWS, _GENERATED, _AT_ONCE = 2000, 300, 100
#: Pieces of generated texts: what words, marks, other scripts, combining marks and damaged encodings do.
_PIECES = (
    *(b"", b" ", b"  ", b"\t", b"\n", b"\x0b\x0c\r", b"\x00", b"a", b"A", b"the", b"Zebra", b"7", b"-12", b"3.5"),
    *(b"!", b"?", b".", b",", b";", b"'", b'"', b"<br />", b"&amp;", b"_", b"|", b"[UNK]", b"@", b"#tag", b"%"),
    *("é", "É", "ß", "İ", "ı", "Σ", "ς", "ǆ", "世界", "日本語", "שלום", "مرحبا", "e\u0301", "\u200b", "\u00a0"),
    *("\u2003", "\u3000", "\u0085", "\u2028", "\U0001f600", "\U0001f468\u200d\U0001f469", "\ufeff", "\ufffd", "Å"),
    *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe4\xb8", b"\x80"),
)


def prove_text(
    sandbox: Sandbox, name: str, split: SplitModel, signatures: dict[str, Signature], datasets: dict[str, Dataset]
) -> int:
    """Return the number of samples of which the native program makes the same numbers as TensorFlow.

    Args:
        sandbox: Where both run.
        name: The model's name.
        split: The parts of the model.
        signatures: Descriptions for clients.
        datasets: Samples by signature.

    Raises:
        RefusedError: It makes others, or there is no program.
    """
    program = find_program()
    if program is None:
        raise RefusedError("the native program was not found, and nothing else takes text")
    with_text = {key: signatures[key] for key in split.description.signatures if key in signatures}
    probes = {key: _probe(signature) for key, signature in with_text.items()}
    content = _probe_model(sandbox, split, probes)
    files = {key: path.read_bytes() for key, path in split.files.items()}
    description = describe_model(name, probes, text=split.files)
    count = 0
    with (
        native_program(sandbox, program, litert_library(), content, description, files) as native,
        native.running() as function,
    ):
        for key in with_text:
            samples = [datasets[key].take(np.arange(min(_ROWS, datasets[key].count)))]
            samples.append(generated_texts(split.clients[key], samples[0]))
            for dataset in samples:
                for inputs in _calls(dataset):
                    answer = function.answer(request_of(key, inputs), probes)
                    _compare(key, split.encoder.encode(key, inputs, batched=dataset.batched), answer)
                count += dataset.count
    return count


def generated_texts(signature: FixedSignature, dataset: Dataset) -> Dataset:
    """Return samples with generated texts, and with numbers of the data for the other inputs."""
    choose = random.Random(49)  # noqa: S311 - texts, no secrets
    inputs: dict[str, np.ndarray[Any, Any]] = {}
    for name, value in dataset.inputs.items():
        rows = value[np.arange(_GENERATED) % len(value)]
        if signature.spec.inputs[name].dtype == "string":
            known = [entry for entry in value.ravel()[:1000] if isinstance(entry, bytes)]
            flat = np.empty(rows.size, object)
            flat[:] = [_text(choose, known) for _ in range(rows.size)]
            rows = flat.reshape(rows.shape)
        elif rows.dtype.kind in "iu":
            rows = np.where(np.arange(_GENERATED).reshape(-1, *[1] * (rows.ndim - 1)) % 3 == 0, rows, rows + 1)
        inputs[name] = rows
    return type(dataset)(inputs, dataset.batched)


def _text(choose: random.Random, known: list[bytes]) -> bytes:
    pieces = [piece if isinstance(piece, bytes) else piece.encode() for piece in _PIECES]
    count = choose.choice((0, 1, 2, 3, 8, 40))
    return b"".join(choose.choice(known if known and choose.random() < 0.2 else pieces) for _ in range(count))


def _calls(dataset: Dataset) -> list[dict[str, np.ndarray[Any, Any]]]:
    step = _AT_ONCE if dataset.batched else 1
    return [dataset.call(start, min(start + step, dataset.count)) for start in range(0, dataset.count, step)]


def _probe(signature: Signature) -> Signature:
    """Describe the signature of a model that answers each of its inputs twice."""
    inputs, outputs = {}, {}
    for name, tensor in (signature.file_inputs or {}).items():
        shape = tensor.tensor.shape if tensor.tensor else tensor.shape
        dtype = "int32" if tensor.dtype == "bool" else tensor.dtype
        twice = [*shape[:1], 2, *shape[1:]] if shape else [2]
        open_batch = [-1] if signature.batched else shape[:1]
        inputs[name] = Tensor(
            dtype=tensor.dtype,
            shape=[*open_batch, *shape[1:]],
            tensor=LiteRtTensor(dtype=tensor.dtype, shape=shape),
        )
        outputs[f"{name}_twice"] = Tensor(
            dtype=dtype,
            shape=[*open_batch, *twice[1:]] if shape else twice,
            tensor=LiteRtTensor(dtype=dtype, shape=twice),
        )
    return signature.model_copy(
        update={"file_inputs": inputs, "outputs": outputs, "batch": None, "file_signature": None}
    )


def _probe_model(sandbox: Sandbox, split: SplitModel, probes: dict[str, Signature]) -> bytes:
    request = {
        name: {
            key: [tensor.dtype, split.encoder.shapes[name][key]] for key, tensor in (probe.file_inputs or {}).items()
        }
        for name, probe in probes.items()
    }
    with sandbox.leaf(_PROBE) as leaf:
        leaf.ask({"signatures": request})
        leaf.end()
        place = _place(split)
        leaf.take(Wanted.file(PROBE, PROBE_FILE), place)
    return (place / PROBE_FILE).read_bytes()


def _place(split: SplitModel) -> Path:
    number = 0
    while (place := split.directory.with_name(f"probe-{number}")).exists():
        number += 1
    return place


def _compare(signature: str, expected: dict[str, Any], answer: dict[str, Any]) -> None:
    for name, value in expected.items():
        twice = as_array(answer.get(f"{name}_twice"))
        made = np.take(twice, 0, axis=1 if value.ndim else 0) if twice.ndim > bool(value.ndim) else twice
        if value.dtype.kind == "f":
            # An answer has the shortest digits that are the number in its own type, and not in a wider one.
            made = made.astype(value.dtype)
        if made.shape != value.shape or not np.array_equal(
            made, value.astype(made.dtype), equal_nan=value.dtype.kind == "f"
        ):
            raise RefusedError(
                f"the native program makes other numbers of texts or categories than TensorFlow at the signature "
                f"{signature!r}, input {name!r}"
            )
