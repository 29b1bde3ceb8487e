"""Converts an ONNX file by onnx2tf, and answers the rows by ONNX Runtime. Runs in the sandbox."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError, UnsupportedError, reason_of
from .batches import answers_of, by_name, quiet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from ..sandbox import Channel

    Arrays = Mapping[str, NDArray[Any]]

_MADE, _MODEL = "made", "model.tflite"


def convert(channel: Channel, directory: Path) -> None:
    """Answer one request with the answers of ONNX Runtime, and leave `made/model.tflite`.

    Raises:
        OptimizerError: The file or the rows are not what can be converted.
    """
    import onnx2tf
    import onnxruntime as ort

    request = next(iter(channel))
    file = request.document["file"]
    try:
        session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise BadInputError(f"ONNX Runtime cannot load the model ({reason_of(error)}); export it again") from error
    taken = session.get_inputs()
    inputs = by_name(request.arrays, [entry.name for entry in taken])
    kinds = {entry.name: _dtype(entry) for entry in taken}
    inputs = {name: value.astype(kinds[name], copy=False) for name, value in inputs.items()}
    batch = _batch(taken)
    outputs = [entry.name for entry in session.get_outputs()]

    def run(rows: Arrays) -> Arrays:
        return dict(zip(outputs, session.run(outputs, dict(rows)), strict=True))

    try:
        answers = answers_of(run, inputs, batch)
    except BadInputError:
        raise
    except Exception as error:
        raise BadInputError(
            f"ONNX Runtime cannot compute the rows ({reason_of(error)}); give each input the shape that the file names"
        ) from error
    written = directory / "written"
    with quiet(f"onnx2tf {onnx2tf.__version__}"):
        onnx2tf.convert(
            input_onnx_file_path=file,
            output_folder_path=str(written),
            copy_onnx_input_output_names_to_tflite=True,
            output_signaturedefs=True,
            # The interface keeps the shapes of the file, such as NCHW.
            keep_shape_absolutely_input_names=list(inputs),
            not_use_onnxsim=True,
            not_use_opname_auto_generate=True,
            non_verbose=True,
            disable_strict_mode=False,
        )
    made = next(written.glob("*_float32.tflite"), None)
    if made is None:
        raise UnsupportedError(f"onnx2tf {onnx2tf.__version__} made no single file of the model")
    (directory / _MADE).mkdir()
    shutil.move(made, directory / _MADE / _MODEL)
    channel.answer({"program": f"ONNX Runtime {ort.__version__}"}, answers)


def _dtype(entry: Any) -> np.dtype[Any]:
    """Return the type of an input.

    Raises:
        UnsupportedError: It is not of numbers.
    """
    names = {"float": "float32", "double": "float64"}
    name = str(entry.type).removeprefix("tensor(").removesuffix(")")
    try:
        return np.dtype(names.get(name, name))
    except TypeError:
        raise UnsupportedError(
            f"the input {entry.name!r} is {entry.type}, and only tensors of numbers can be converted"
        ) from None


def _batch(inputs: list[Any]) -> int | None:
    """Return the number of rows of a call: 1, or None for any.

    Raises:
        UnsupportedError: It is another one.
    """
    sizes = {entry.shape[0] if entry.shape else 0 for entry in inputs}
    fixed = {size for size in sizes if isinstance(size, int)}
    if not fixed:
        return None
    if fixed != {1}:
        raise UnsupportedError(
            f"dimension 0 of the inputs is {', '.join(map(str, sorted(fixed)))}, and it must be the row: export the "
            "model with an open batch, or with one row"
        )
    return 1
