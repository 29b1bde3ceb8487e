"""Tasks of leaves that make something else than the judge asks for."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from tensorflow_optimizer.candidates import leaf
from tensorflow_optimizer.candidates.leaf import FILE, MADE
from tensorflow_optimizer.training import leaf as trainers
from tensorflow_optimizer.training.training_set import TrainingSet

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Channel


def another_file(channel: Channel, directory: Path) -> None:
    """Leave the file that is asked for, and another one."""
    for _ in channel:
        (directory / MADE).mkdir()
        for name in (FILE, "another.tflite"):
            (directory / MADE / name).write_bytes(b"TFL3" * 8)
        channel.answer({"floats": False})


def constant_model(channel: Channel, directory: Path) -> None:
    """Leave a model of the same signature that answers one class, and claim much of it."""
    import tensorflow as tf

    for request in channel:
        name = request.document["names"][0]
        function = tf.saved_model.load(request.document["path"]).signatures[name]
        ((output, answer),) = function.structured_outputs.items()
        (given,) = function.structured_input_signature[1].values()
        rows, classes = answer.shape

        def body(value: Any, output: str, rows: int, classes: int) -> dict[str, Any]:
            first = tf.one_hot(tf.zeros([rows], tf.int32), classes)
            return {output: first + 0.0 * tf.reduce_sum(value)}

        module = tf.Module()
        module.body = tf.function(partial(body, output=output, rows=rows, classes=classes), input_signature=[given])
        tf.saved_model.save(module, "constant", signatures={name: module.body})
        (directory / MADE).mkdir()
        (directory / MADE / FILE).write_bytes(tf.lite.TFLiteConverter.from_saved_model("constant").convert())
        channel.answer({"floats": False, "accuracy": 1.0, "status": "passed"})


def _swap_inputs(directory: Path) -> None:
    """Let the two inputs change places, as if they were paired by order."""
    from tensorflow.core.protobuf import saved_model_pb2

    file = directory / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    inputs = model.meta_graphs[0].signature_def["serving_default"].inputs
    inputs["zeta"].name, inputs["alpha"].name = inputs["alpha"].name, inputs["zeta"].name
    file.write_bytes(model.SerializeToString())


def _swapping(real: Any) -> Any:
    def made(*arguments: Any) -> None:
        real(*arguments)
        _swap_inputs(arguments[-1])

    return made


def swapped_inputs(channel: Channel, directory: Path) -> None:
    """Freeze or strip, and swap the inputs."""
    leaf.freeze, leaf.strip = _swapping(leaf.freeze), _swapping(leaf.strip)
    leaf.make_saved_model(channel, directory)


def frozen_with_swapped_inputs(channel: Channel, directory: Path) -> None:
    """Freeze and swap the inputs, or strip as asked."""
    leaf.freeze = _swapping(leaf.freeze)
    leaf.make_saved_model(channel, directory)


def _changed(change: Any, channel: Channel, directory: Path) -> None:
    """Strip, change what was made, and answer as if nothing were wrong."""
    real = leaf.strip

    def stripping(*arguments: Any) -> None:
        real(*arguments)
        change(arguments[-1])

    leaf.strip = stripping
    leaf.make_saved_model(channel, directory)


def _rewritten(directory: Path, change: Any) -> None:
    from tensorflow.core.protobuf import saved_model_pb2

    file = directory / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    change(model)
    file.write_bytes(model.SerializeToString())


def add_write_file(directory: Path) -> None:
    """Add an operation to a SavedModel that writes a file wherever it is served."""

    def add(model: Any) -> None:
        node = model.meta_graphs[0].graph_def.node.add()
        node.name, node.op = "written", "WriteFile"

    _rewritten(directory, add)


def writes_a_file(channel: Channel, directory: Path) -> None:
    """Add such an operation to what was stripped."""
    _changed(add_write_file, channel, directory)


def another_asset(channel: Channel, directory: Path) -> None:
    """Add a file to the assets of what was stripped, which the graph does not name."""

    def add(made: Path) -> None:
        (made / "assets").mkdir(exist_ok=True)
        (made / "assets" / "program").write_bytes(b"of the builder's own")

    _changed(add, channel, directory)


def another_warm_up(channel: Channel, directory: Path) -> None:
    """Add requests to what was stripped that a server would answer before those of its clients."""

    def add(made: Path) -> None:
        (made / "assets.extra").mkdir()
        (made / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"of the builder's own")

    _changed(add, channel, directory)


def another_graph(channel: Channel, directory: Path) -> None:
    """Add a second graph to what was stripped, with other tags."""

    def add(model: Any) -> None:
        second = model.meta_graphs.add()
        second.CopyFrom(model.meta_graphs[0])
        second.meta_info_def.tags[:] = ["serve", "gpu"]

    _changed(lambda made: _rewritten(made, add), channel, directory)


def never_frozen(channel: Channel, directory: Path) -> None:
    """Freeze nothing."""
    leaf.freeze_problem = lambda *_, **__: "it is too large"
    leaf.make_saved_model(channel, directory)


def _never_saved(error: type[Exception], channel: Channel, directory: Path) -> None:
    import tensorflow as tf

    def refuse(*_: Any, **__: Any) -> None:
        raise error("Tried to export a function which references an 'untracked' resource.\nMore.")

    tf.saved_model.save = refuse
    leaf.make_saved_model(channel, directory)


def never_saved_value_error(channel: Channel, directory: Path) -> None:
    """Strip as a TensorFlow that refuses to save."""
    _never_saved(ValueError, channel, directory)


def never_saved_assertion_error(channel: Channel, directory: Path) -> None:
    """Strip as a TensorFlow whose own checks fail."""
    _never_saved(AssertionError, channel, directory)


def never_saved_version_1(channel: Channel, directory: Path) -> None:
    """Strip as a TensorFlow that fails at a model of TensorFlow 1."""

    def fails(*_: object) -> None:
        raise IndexError("tuple index out of range")

    sys.modules["tensorflow_optimizer.conversion.strip"].__dict__["strip_version_1"] = fails
    leaf.make_saved_model(channel, directory)


def _without_finite_loss() -> None:
    real = TrainingSet.loss

    def loss(self: Any, *arguments: Any) -> Any:
        return real(self, *arguments) * float("nan")

    TrainingSet.loss = loss  # type: ignore[method-assign]


def distil(channel: Channel, directory: Path) -> None:
    """Train a student whose loss is no number."""
    _without_finite_loss()
    trainers.distil(channel, directory)


def cut(channel: Channel, directory: Path) -> None:
    """Prune a model whose loss is no number."""
    _without_finite_loss()
    trainers.cut(channel, directory)
