"""Models beside those of the Python handler's tests: what LiteRT's C interface must not be trusted with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema
from handler_models import convert, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def build(root: Path) -> dict[str, str]:
    """Write the models under `root` and return their directories by name."""
    import tensorflow as tf

    def spec(shape: list[int | None], name: str) -> Any:
        return tf.TensorSpec(shape, tf.float32, name=name)

    def add(name: str, function: Any, **description: Any) -> None:
        directory = root / name
        directory.mkdir()
        write(directory, convert(root / f"{name}.saved", {"serving_default": function}), **description)

    # Describe a batch of one row, and convert for any number.
    rows = tf.function(lambda x: {"y": x * 2}, input_signature=[spec([None, 2], "x")])
    add("rows", rows)
    positive = tf.function(
        lambda x: {"y": tf.boolean_mask(x, x > 0)},
        input_signature=[spec([4], "x")],
    )
    add("positive", positive, batched=False)

    # A shape that changes within, but not at the end, is the library's own business.
    def padded(x: Any) -> dict[str, Any]:
        found = tf.boolean_mask(x, x > 0)
        return {"y": tf.reshape(tf.pad(found, [[0, 4 - tf.shape(found)[0]]]), [4])}

    add("padded", tf.function(padded, input_signature=[spec([4], "x")]), batched=False)

    _silent_about_shapes(root / "positive", root / "silent", 3)
    _of_another_house(root / "padded", root / "custom")
    return {directory.name: str(directory) for directory in root.iterdir() if not directory.suffix}


def _silent_about_shapes(source: Path, directory: Path, size: int) -> None:
    """Write a copy of a model that says of its output that it always has so many elements, as old converters did."""

    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        for index in graph.outputs:
            graph.tensors[index].shape, graph.tensors[index].shapeSignature = [size], None

    directory.mkdir()
    (directory / "model.tflite").write_bytes(changed((source / "model.tflite").read_bytes(), change))
    description = json.loads((source / "model.json").read_text())
    output = description["signatures"]["serving_default"]["outputs"]["y"]
    output["shape"] = output["tensor"]["shape"] = [size]
    (directory / "model.json").write_text(json.dumps(description))


def _of_another_house(source: Path, directory: Path) -> None:
    """Write a copy of a model whose operators LiteRT lacks."""

    def change(model: Any) -> None:
        for code in model.operatorCodes:
            code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
            code.customCode = b"OperatorOfAnotherHouse"

    directory.mkdir()
    (directory / "model.tflite").write_bytes(changed((source / "model.tflite").read_bytes(), change))
    (directory / "model.json").write_text((source / "model.json").read_text())


def changed(file: bytes, change: Callable[[Any], None]) -> bytes:
    """Return a .tflite file with something changed."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(file, 0))
    change(model)
    builder = flatbuffers.Builder(len(file))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
