"""Reads the signatures out of a MetaGraphDef."""

from __future__ import annotations

from typing import Any

from ..errors import UnsupportedError
from .spec import Shape, SignatureSpec, TensorSpec

#: Signatures that TensorFlow's own exporter adds.
_INTERNAL = ("__saved_model_init_op", "__saved_model_train_op")


def read_signatures(meta_graph: Any) -> dict[str, SignatureSpec]:
    """Return the signatures sorted by name.

    Raises:
        UnsupportedError: There is none.
    """
    found = {
        name: _signature(name, meta_graph.signature_def[name])
        for name in sorted(meta_graph.signature_def)
        if name not in _INTERNAL and meta_graph.signature_def[name].outputs
    }
    if not found:
        raise UnsupportedError(
            "the SavedModel has no signatures, so that nobody can call it; save it again with "
            "tf.saved_model.save(model, directory, signatures=…) or, from Keras, with model.export(directory)"
        )
    return found


def _signature(name: str, definition: Any) -> SignatureSpec:
    return SignatureSpec(
        name,
        definition.method_name,
        {key: _tensor(definition.inputs[key]) for key in sorted(definition.inputs)},
        {key: _tensor(definition.outputs[key]) for key in sorted(definition.outputs)},
    )


def _tensor(info: Any) -> TensorSpec:
    import tensorflow as tf

    shape: Shape | None = None
    if not info.tensor_shape.unknown_rank:
        shape = tuple(None if dim.size < 0 else int(dim.size) for dim in info.tensor_shape.dim)
    return TensorSpec(tf.dtypes.as_dtype(info.dtype).name, shape, info.name)
