"""One loaded version of a model: a graph and a session, fed by tensor name as TensorFlow Serving does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_SIGNATURE = "serving_default"


class CallError(ValueError):
    """A request that does not fit the model."""


class Servable:
    """A SavedModel that answers."""

    def __init__(self, directory: Path, flags: Mapping[str, Any]) -> None:
        import tensorflow as tf

        self._tf = tf
        self._graph = tf.Graph()
        shared = flags["tensorflow_session_parallelism"]
        options = tf.compat.v1.ConfigProto(
            intra_op_parallelism_threads=shared or flags["tensorflow_intra_op_parallelism"],
            inter_op_parallelism_threads=shared or flags["tensorflow_inter_op_parallelism"],
        )
        self._session = tf.compat.v1.Session(graph=self._graph, config=options)
        try:
            with self._graph.as_default():
                tags = flags["saved_model_tags"].split(",")
                meta_graph = tf.compat.v1.saved_model.load(self._session, tags, str(directory))
        except Exception:
            self._session.close()
            raise
        self.signatures: dict[str, Any] = dict(meta_graph.signature_def)

    def signature(self, name: str) -> Any:
        """Return a signature's definition.

        Raises:
            CallError: there is none.
        """
        definition = self.signatures.get(name or DEFAULT_SIGNATURE)
        if definition is None:
            raise CallError(f'Serving signature name: "{name or DEFAULT_SIGNATURE}" not found in signature def')
        return definition

    def dtype(self, definition: Any, name: str) -> Any:
        """Return the NumPy type of an input."""
        return self._tf.dtypes.as_dtype(definition.inputs[name].dtype)

    def predict(self, definition: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Call a signature once.

        Raises:
            CallError: the values do not fit.
        """
        if missing := sorted(set(definition.inputs) - set(inputs)):
            raise CallError(f"Missing inputs: {', '.join(missing)}")
        feeds = {self._graph.get_tensor_by_name(definition.inputs[name].name): inputs[name] for name in inputs}
        fetches = {name: self._graph.get_tensor_by_name(info.name) for name, info in definition.outputs.items()}
        try:
            results: dict[str, Any] = self._session.run(fetches, feeds)
        except (self._tf.errors.OpError, ValueError, TypeError) as error:
            raise CallError(str(error).splitlines()[0] if str(error) else type(error).__name__) from error
        return results

    def close(self) -> None:
        """Release the session."""
        self._session.close()
