"""One loaded version of a model: a graph and a session, fed by tensor name as TensorFlow Serving does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stand_in_server.errors import CallError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DEFAULT_SIGNATURE = "serving_default"


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

    def signature(self, name: str, code: str = "INVALID_ARGUMENT") -> Any:
        """Return a signature's definition.

        Raises:
            CallError: there is none. REST and gRPC have different codes for it.
        """
        definition = self.signatures.get(name or DEFAULT_SIGNATURE)
        if definition is None:
            raise CallError(f'Serving signature name: "{name or DEFAULT_SIGNATURE}" not found in signature def', code)
        return definition

    def dtypes(self, definition: Any) -> dict[str, Any]:
        """Return the TensorFlow types of a signature's inputs."""
        return {name: self._tf.dtypes.as_dtype(info.dtype) for name, info in definition.inputs.items()}

    def predict(self, definition: Any, inputs: Mapping[str, Any], outputs: Sequence[str] = ()) -> dict[str, Any]:
        """Call a signature once.

        Args:
            definition: The signature.
            inputs: Arrays, of any shape that the operators take.
            outputs: Those to compute; all of them without any.

        Raises:
            CallError: the values do not fit.
        """
        if sorted(definition.inputs) != sorted(inputs):
            raise CallError(f"input size does not match signature, or alias not found in it: {', '.join(inputs)}")
        if strange := sorted(set(outputs) - set(definition.outputs)):
            raise CallError(f"output tensor alias not found in signature: {', '.join(strange)}")
        names = list(outputs or definition.outputs)
        feeds = {self._tensor(definition.inputs[name]).ref(): value for name, value in inputs.items()}
        fetches = [self._tensor(definition.outputs[name]) for name in names]
        return dict(zip(names, self._run(feeds, fetches), strict=True))

    def close(self) -> None:
        """Release the session."""
        self._session.close()

    def _tensor(self, info: Any) -> Any:
        return self._graph.get_tensor_by_name(info.name)

    def _run(self, feeds: dict[Any, Any], fetches: list[Any]) -> list[Any]:
        try:
            # `Session.run` would convert the values and compare their shapes with those of the signature; the session
            # below it, which is TensorFlow Serving's own, does neither.
            results = self._session._do_run(None, [], fetches, feeds, None, None)
        except self._tf.errors.OpError as error:
            code = error_name(error.error_code)
            raise CallError(str(error.message).split("\n", 1)[0] or code, code) from error
        except (ValueError, TypeError) as error:
            raise CallError(str(error)) from error
        # The session returns a single string as bytes, whose trailing zeros an array of bytes would lose.
        return [np.array(value, dtype=object) if isinstance(value, bytes) else value for value in results]


def error_name(number: int) -> str:
    """Return the name of a status code, as TensorFlow and gRPC number them."""
    from tensorflow.core.protobuf import error_codes_pb2

    return str(error_codes_pb2.Code.Name(number))
