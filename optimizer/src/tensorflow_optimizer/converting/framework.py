"""Names the framework of a model, by the path that is given of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from ..errors import BadInputError


class Framework(StrEnum):
    """A framework that models are converted from."""

    ONNX = "onnx"
    JAX = "jax"


def framework_of(model: str) -> Framework:
    """Return the framework of a model.

    Args:
        model: `model.onnx`, or a factory of a function of JAX as `module.py:factory`.

    Raises:
        BadInputError: It is of no framework that can be converted.
    """
    if is_factory(model):
        return Framework.JAX
    if Path(model).suffix.lower() == ".onnx":
        return Framework.ONNX
    raise BadInputError(
        f"{model} is no model to convert; give a .onnx file, or a factory of a function of JAX such as model.py:make "
        "(PyTorch exports ONNX by torch.onnx.export)"
    )


def is_factory(model: str) -> bool:
    """Say whether a model is a function of a file of Python, as in `model.py:make`."""
    file, separator, function = model.rpartition(":")
    return bool(separator) and file.endswith(".py") and function.isidentifier()


def file_of(model: str) -> Path:
    """Return the file of a model."""
    return Path(model.rpartition(":")[0] if is_factory(model) else model)
