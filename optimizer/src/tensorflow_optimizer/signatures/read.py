"""Reads the signatures out of a MetaGraphDef."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import UnsupportedError
from .examples import features_of
from .messages import type_name
from .spec import STRING, Shape, SignatureSpec, TensorSpec

#: Signatures that TensorFlow's own exporter adds.
_INTERNAL = ("__saved_model_init_op", "__saved_model_train_op")


def read_signatures(meta_graph: Any) -> dict[str, SignatureSpec]:
    """Return the signatures sorted by name.

    Raises:
        UnsupportedError: There is none.
    """
    signatures = {
        name: _signature(name, meta_graph)
        for name in sorted(meta_graph.signature_def)
        if name not in _INTERNAL and meta_graph.signature_def[name].outputs
    }
    if not signatures:
        raise UnsupportedError(
            "the SavedModel has no signatures, so that nobody can call it; save it again with "
            "tf.saved_model.save(model, directory, signatures=…) or, from Keras, with model.export(directory)"
        )
    return signatures


def _signature(name: str, meta_graph: Any) -> SignatureSpec:
    definition = meta_graph.signature_def[name]
    return SignatureSpec(
        name,
        definition.method_name,
        {key: _input(definition.inputs[key], meta_graph) for key in sorted(definition.inputs)},
        {key: _tensor(definition.outputs[key]) for key in sorted(definition.outputs)},
    )


def _input(info: Any, meta_graph: Any) -> TensorSpec:
    spec = _tensor(info)
    return spec if spec.dtype != STRING else replace(spec, features=features_of(meta_graph, spec.tensor_name))


def _tensor(info: Any) -> TensorSpec:
    shape: Shape | None = None
    if not info.tensor_shape.unknown_rank:
        shape = tuple(None if dim.size < 0 else int(dim.size) for dim in info.tensor_shape.dim)
    return TensorSpec(type_name(info.dtype), shape, info.name)
