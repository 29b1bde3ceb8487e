"""Runs a SavedModel the way TensorFlow Serving does: graph, session, feeds and fetches by tensor name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import BadInputError, OptimizerError, UnsupportedError, reason_of
from ..processes.exhaustion import raise_exhausted
from ..signatures import read_signatures
from .runner import RunError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ..signatures import SignatureSpec
    from .runner import Array, Arrays

#: A variable that the graph reads, and that loading has not restored.
_NOT_RESTORED = re.compile(r"Could not find variable (\S+)\. This could mean")
#: The operator is known, so that old graphs can be read, and has no implementation.
_REMOVED = re.compile(r"No OpKernel was registered to support Op '(\w+)'")


class SavedModelRunner:
    """A SavedModel in a session with one thread, so that sums have a fixed order and times are comparable."""

    def __init__(
        self,
        directory: Path,
        tags: list[str],
        names: Iterable[str] | None = None,
        *,
        reset_state: bool = False,
        saved_by: str | None = None,
    ) -> None:
        """Load the model.

        Args:
            directory: The SavedModel.
            tags: Of its graph.
            names: Of the signatures to call; None: all.
            reset_state: Put the variables back before each call.
            saved_by: The version of TensorFlow that saved it, for the error if it cannot be loaded.

        Raises:
            OptimizerError: TensorFlow cannot load it, or it lacks a signature.
        """
        import tensorflow as tf

        self._reset_state = reset_state
        self._graph = tf.Graph()
        options = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        self._session = tf.compat.v1.Session(graph=self._graph, config=options)
        self._calls: dict[str, tuple[Any, list[str]]] = {}
        try:
            with self._graph.as_default():
                meta_graph = tf.compat.v1.saved_model.load(self._session, tags, str(directory))
        except Exception as error:
            self.close()
            raise_exhausted(error)
            raise loading_error(error, saved_by) from error
        self._restore = (meta_graph.saver_def.restore_op_name, meta_graph.saver_def.filename_tensor_name)
        self._prefix = str(directory / "variables" / "variables")
        self.signatures = _named(read_signatures(meta_graph), names)

    def run(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        """Call a signature once.

        Raises:
            BadInputError: A variable of the model has no value, whatever the inputs are.
            RunError: It does not compute these inputs.
        """
        import tensorflow as tf

        spec = self.signatures[signature]
        try:
            if self._reset_state and self._restore[0]:
                self._session.run(self._restore[0], {self._restore[1]: self._prefix})
            call, names = self._call(signature, spec)
            values = call(*[inputs[name] for name in spec.inputs])
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise_exhausted(error)
            variable = _NOT_RESTORED.search(str(error))
            if variable:
                raise BadInputError(
                    f"the SavedModel's variable {variable.group(1)!r} has no value after the model was loaded as "
                    "TensorFlow Serving loads it; tf.saved_model.save saves models of Keras 3 like that: save it with "
                    "model.export('directory'), or with keras.export.ExportArchive if it has signatures of its own"
                ) from error
            raise RunError(reason_of(error)) from error
        return dict(zip(names, values, strict=True))

    def close(self) -> None:
        """Close the session."""
        self._calls.clear()
        self._session.close()

    def _call(self, signature: str, spec: SignatureSpec) -> tuple[Any, list[str]]:
        if signature not in self._calls:
            names = list(spec.outputs)
            fetches = [self._graph.get_tensor_by_name(spec.outputs[name].tensor_name) for name in names]
            feeds = [self._graph.get_tensor_by_name(tensor.tensor_name) for tensor in spec.inputs.values()]
            self._calls[signature] = (self._session.make_callable(fetches, feed_list=feeds), names)
        return self._calls[signature]


def _named(specs: dict[str, SignatureSpec], names: Iterable[str] | None) -> dict[str, SignatureSpec]:
    missing = sorted(set(names or ()) - specs.keys())
    if missing:
        listed = " and no ".join(map(repr, missing))
        raise UnsupportedError(f"the SavedModel has no signature {listed}, but {', '.join(map(repr, specs))}")
    return specs if names is None else {name: specs[name] for name in names}


def loading_error(error: Exception, saved_by: str | None) -> OptimizerError:
    """Translate an error of TensorFlow's loader into a helpful sentence."""
    import tensorflow as tf

    text = str(error)
    first = reason_of(error, 200)
    if saved_by and _is_newer(saved_by, tf.__version__):
        return UnsupportedError(
            f"TensorFlow {tf.__version__} cannot load the model ({first}), which the newer TensorFlow {saved_by} "
            f"saved; save it again with {tf.__version__} or older"
        )
    if "Op type not registered" in text:
        return UnsupportedError(
            f"the model needs an operator that TensorFlow {tf.__version__} does not have ({first}); neither LiteRT "
            "nor a stock TensorFlow Serving has custom operators: replace it in the model"
        )
    removed = _REMOVED.search(text)
    if removed:
        return UnsupportedError(
            f"the model needs the operator {removed.group(1)!r}, which TensorFlow {tf.__version__} no longer runs, nor "
            "does TensorFlow Serving of that version (boosted trees, for one, were removed): train a model without it"
        )
    return BadInputError(f"TensorFlow {tf.__version__} cannot load the model ({first}); copy the whole directory again")


def _is_newer(left: str, right: str) -> bool:
    def numbers(version: str) -> list[int]:
        return [int(part) for part in version.split(".")[:2] if part.isdigit()]

    return numbers(left) > numbers(right)
