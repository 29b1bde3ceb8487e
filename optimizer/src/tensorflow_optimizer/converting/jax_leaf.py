"""Converts a function of JAX by jax2tf, and answers the rows by JAX itself. Runs in the sandbox."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError, reason_of
from .batches import answers_of, by_name, quiet
from .factory import made_by, named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from ..sandbox import Channel

    Arrays = Mapping[str, NDArray[Any]]

_MADE = "made"


def convert(channel: Channel, directory: Path) -> None:
    """Answer one request with the answers of JAX, and leave the SavedModel `made`.

    Raises:
        OptimizerError: The factory or the rows are not what can be converted.
    """
    import jax
    from jax.experimental import jax2tf

    request = next(iter(channel))
    function = made_by(request.document["file"], request.document["function"])
    inputs = by_name(request.arrays, _parameters(function))
    order = list(inputs)

    def named_outputs(*values: Any) -> dict[str, Any]:
        return named(function(*values), request.document["outputs"])

    compiled = jax.jit(named_outputs)

    def run(rows: Arrays) -> Arrays:
        return {name: np.asarray(value) for name, value in compiled(*(rows[key] for key in order)).items()}

    try:
        # 64-bit numbers become what JAX computes with.
        inputs = {name: np.asarray(jax.numpy.asarray(value)) for name, value in inputs.items()}
        answers = answers_of(run, inputs)
    except BadInputError:
        raise
    except Exception as error:
        raise BadInputError(f"the function cannot compute the rows ({reason_of(error)})") from error
    with quiet(f"jax2tf {jax.__version__}"):
        _save(jax2tf, named_outputs, inputs, directory / _MADE)
    channel.answer({"program": f"JAX {jax.__version__}"}, answers)


def _save(jax2tf: Any, function: Callable[..., Any], inputs: Arrays, directory: Path) -> None:
    """Write a SavedModel of TensorFlow's own operations: XLA's own module could not be optimized."""
    import tensorflow as tf

    shapes = ["(batch, ...)" if value.ndim > 1 else "(batch,)" for value in inputs.values()]
    converted = jax2tf.convert(
        function, polymorphic_shapes=shapes, with_gradient=False, native_serialization=False, enable_xla=False
    )
    signature = [tf.TensorSpec([None, *value.shape[1:]], value.dtype, name=name) for name, value in inputs.items()]
    # The names of parameters are those of the signature's inputs.
    called = tf.function(converted, input_signature=signature, autograph=False)
    module = tf.Module()
    module.serve = called
    tf.saved_model.save(module, str(directory), signatures={"serving_default": called.get_concrete_function()})


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise BadInputError(f"the factory returned {type(function).__name__}, and not a function of arrays") from error
    plain = [entry.name for entry in parameters if entry.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    if not plain or len(plain) != len(parameters):
        raise BadInputError("the function that the factory returns must name its inputs: one parameter for each array")
    return plain
