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
        UnsupportedError: An output has no fixed shape.
    """
    interpreter = open_interpreter(content)
    found: dict[str, Signature] = {}
    for name, has_batch in batched.items():
        in_file = (file_signatures or {}).get(name)
        runner = interpreter.get_signature_runner(in_file or name)
        inputs = runner.get_input_details()
        outputs = runner.get_output_details()
        _refuse_dynamic_outputs(name, outputs, first=1 if has_batch and unknown_batch else 0)
        found[name] = Signature(
            batched=has_batch,
            file_signature=in_file,
            method_name=(method_names or {}).get(name) or _PREDICT,
            inputs={key: _tensor(inputs[key], batched=has_batch) for key in sorted(inputs)},
            outputs={key: _tensor(outputs[key], batched=has_batch) for key in sorted(outputs)},
        )
    return found


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


def _refuse_dynamic_outputs(signature: str, outputs: Mapping[str, Mapping[str, Any]], first: int) -> None:
    dynamic = sorted(
        name
        for name, details in outputs.items()
        if any(int(size) < 0 for size in details["shape_signature"][first:])
        or any(int(size) < 1 for size in details["shape"])
    )
    if dynamic:
        raise UnsupportedError(
            f"the signature {signature!r} has outputs without a fixed size ({', '.join(dynamic)}), which the function "
            "cannot serve: the size depends on the values, or is that of something that a loop (tf.while_loop) makes "
            f"longer or computes in a function of its own; pad or reshape them in the model, or {OTHER_PATHS}",
            Hint.TENSORFLOW_SERVING,
        )
