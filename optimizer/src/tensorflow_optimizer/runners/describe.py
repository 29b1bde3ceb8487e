"""Describes the signatures of a .tflite file as in manifest.json and model.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..documents.manifest import LiteRtTensor, Signature, Tensor, TensorQuantization
from ..errors import UnsupportedError
from ..hints import Hint
from ..signatures.select import OTHER_PATHS
from .litert_runner import open_interpreter, quantization_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREDICT = "tensorflow/serving/predict"
_INTEGERS = ("int8", "uint8", "int16")
#: Mean and deviation of made-up inputs: unlike enough that a size which depends on values shows it.
_MADE_UP = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, 1), (0, 30), (3, 2))
#: Number of runs that must not fail.
_FEWEST_RUNS = 4


def describe_signatures(
    content: bytes,
    batched: Mapping[str, bool],
    method_names: Mapping[str, str] | None = None,
    file_signatures: Mapping[str, str] | None = None,
    *,
    unknown_batch: bool = False,
) -> dict[str, Signature]:
    """Return the signatures named in `batched`, in that order.

    Args:
        content: The .tflite file.
        batched: For each signature, whether dimension 0 is the batch.
        method_names: Method names of the SavedModel.
        file_signatures: Names in the file of the signatures that have another one there.
        unknown_batch: The file may leave the batch open; it then still takes one row at a time.

    Raises:
        RunError: The file cannot be loaded.
        UnsupportedError: An output has no fixed shape: the file does not state one, and runs show several.
    """
    interpreter = open_interpreter(content)
    described: dict[str, Signature] = {}
    for name, has_batch in batched.items():
        in_file = (file_signatures or {}).get(name)
        runner = interpreter.get_signature_runner(in_file or name)
        inputs = runner.get_input_details()
        outputs = runner.get_output_details()
        dynamic = _dynamic(outputs, first=1 if has_batch and unknown_batch else 0)
        if dynamic:
            seen = _seen_shapes(runner, inputs, dynamic)
            if seen is None:
                raise _dynamic_refusal(name, dynamic)
            outputs |= {key: {**outputs[key], "shape": shape} for key, shape in seen.items()}
        described[name] = Signature(
            batched=has_batch,
            file_signature=in_file,
            method_name=(method_names or {}).get(name) or _PREDICT,
            inputs={key: _tensor(inputs[key], batched=has_batch) for key in sorted(inputs)},
            outputs={key: _tensor(outputs[key], batched=has_batch) for key in sorted(outputs)},
        )
    return described


def _tensor(details: Mapping[str, Any], *, batched: bool) -> Tensor:
    import numpy as np

    stored = np.dtype(details["dtype"]).name
    shape = [int(size) for size in details["shape"]]
    quantization = quantization_of(details) if stored in _INTEGERS else None
    return Tensor(
        dtype="float32" if quantization else stored,
        shape=[-1, *shape[1:]] if batched else shape,
        tensor=LiteRtTensor(
            dtype=stored,
            shape=shape,
            quantization=TensorQuantization(scale=quantization[0], zero_point=quantization[1])
            if quantization
            else None,
        ),
    )


def _dynamic(outputs: Mapping[str, Mapping[str, Any]], first: int) -> list[str]:
    """Return the outputs of which the file does not state all dimensions from `first` on."""
    return sorted(
        name
        for name, details in outputs.items()
        if any(int(size) < 0 for size in details["shape_signature"][first:])
        or any(int(size) < 1 for size in details["shape"])
    )


def _seen_shapes(runner: Any, inputs: Mapping[str, Any], names: list[str]) -> dict[str, list[int]] | None:
    """Return the shapes of outputs if all made-up inputs give the same ones; None if not, or if few can be run.

    What loops hand on has no stated size in many files, although it never changes. Every answer to the evaluation data
    is held to these shapes later.
    """
    import numpy as np

    random, count = np.random.default_rng(0), 0
    found: dict[str, list[int]] = {}
    for scale, spread in _MADE_UP:
        values = {
            key: (scale + spread * random.standard_normal([int(size) for size in details["shape"]])).astype(
                details["dtype"]
            )
            for key, details in inputs.items()
        }
        try:
            answers = runner(**values)
        except (RuntimeError, ValueError):
            continue
        shapes = {name: list(answers[name].shape) for name in names}
        if (found and shapes != found) or any(0 in shape for shape in shapes.values()):
            return None
        found, count = shapes, count + 1
    return found if count >= _FEWEST_RUNS else None


def _dynamic_refusal(signature: str, dynamic: list[str]) -> UnsupportedError:
    return UnsupportedError(
        f"the signature {signature!r} has outputs without a fixed size ({', '.join(dynamic)}), which the function "
        "cannot serve: the size depends on the values, or is that of something that a loop (tf.while_loop) makes "
        f"longer or computes in a function of its own; pad or reshape them in the model, or {OTHER_PATHS}",
        Hint.TENSORFLOW_SERVING,
    )
