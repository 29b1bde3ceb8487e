"""Small real models for the server: written with TensorFlow, converted and described as the optimizer does it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from handler_models import convert, write

if TYPE_CHECKING:
    from pathlib import Path

#: In the words of the job.
REASON = "several rows at once save less than 5% of the processor time"
IMAGE = {
    "method": "bilinear",
    "antialias": True,
    "channelOrder": "RGB",
    "scale": [1 / 255] * 3,
    "offset": [0.0] * 3,
}
PASSED = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bool")


def build(base: Path, scratch: Path) -> Path:  # noqa: PLR0915 - one model after the other
    """Write every model as `<base>/<name>/<version>` and return `base`."""
    import tensorflow as tf

    def spec(shape: list[int], dtype: Any, name: str) -> Any:
        return tf.TensorSpec(shape, dtype, name=name)

    def add(
        name: str,
        version: int,
        functions: dict[str, Any],
        configure: Any = lambda _: None,
        batch: dict[str, int | str] | None = None,
        image: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        directory = base / name / str(version)
        directory.mkdir(parents=True)
        file = convert(scratch / f"{name}-{version}", functions, configure)
        write(directory, file, model=name, version=version, **more)
        complete(directory, batch, image)
        checksums(directory)

    row = [spec([1, 3], tf.float32, "x")]
    for version, factor in ((1, 2.0), (2, 3.0)):
        times = tf.function(lambda x, factor=factor: {"y": x * factor}, input_signature=row)
        total = tf.function(lambda x: {"sum": tf.reduce_sum(x, axis=1), "x2": x * 2.0}, input_signature=row)
        add("times", version, {"serving_default": times, "total": total})

    ids = [spec([1], tf.int32, "ids")]
    table = np.arange(10, dtype="float32").reshape(5, 2)
    lookup = tf.function(lambda ids: {"rows": tf.gather(table, ids)}, input_signature=ids)
    add("lookup", 1, {"serving_default": lookup}, batch={"rows": 1, "reason": REASON})

    passing = tf.function(
        lambda **tensors: {f"{name}_out": tensor for name, tensor in tensors.items()},
        input_signature=None,
    ).get_concrete_function(**{name: spec([1, 2], name, name) for name in PASSED})
    add("passing", 1, {"serving_default": passing})

    # Some 100 ms or more of one processor, whatever the machine: 3 convolutions of 3.4 GFLOP each.
    kernel = np.full((5, 5, 32, 32), 1e-4, "float32")

    def work(x: Any) -> dict[str, Any]:
        hidden = tf.broadcast_to(tf.reshape(x, [1, 1, 1, 1]), [1, 256, 256, 32])
        for _ in range(3):
            hidden = tf.nn.relu(tf.nn.conv2d(hidden, kernel, 1, "SAME"))
        return {"y": x + 0.0 * tf.reduce_mean(hidden, axis=[1, 2, 3])[:, tf.newaxis]}

    slow = tf.function(work, input_signature=[spec([1, 1], tf.float32, "x")])
    add("slow", 1, {"serving_default": slow})

    wide = tf.function(lambda x: {"y": tf.tile(x, [1, 1000])}, input_signature=[spec([1, 1], tf.float32, "x")])
    add("wide", 1, {"serving_default": wide})

    # Half a megabyte, with little to compute for each row: how much memory it takes is a matter of types and shapes.
    numbers = np.arange(128 * 1024, dtype="float32")
    real = tf.function(
        lambda x: {"y": tf.gather(numbers, [1]) + x[:, :1]}, input_signature=[spec([1, 512], tf.float32, "x")]
    )
    whole = tf.function(lambda x: {"y": x[:, :1]}, input_signature=[spec([1, 512], tf.int64, "x")])
    widened = tf.function(lambda x: {"y": tf.tile(x, [1, 1000])}, input_signature=[spec([1, 1], tf.float32, "x")])
    add("attacked", 1, {"serving_default": real, "whole": whole, "wide": widened})

    # Take images as large as most models do, with little to compute.
    means = tf.function(
        lambda image: {"mean": tf.reduce_mean(image, axis=[1, 2])},
        input_signature=[spec([1, 224, 224, 3], tf.float32, "image")],
    )
    add("images", 1, {"serving_default": means}, image=IMAGE)

    weights = np.random.default_rng(7).normal(size=(8, 4)).astype("float32")
    dense = tf.function(lambda x: {"scores": x @ weights}, input_signature=[spec([1, 8], tf.float32, "x")])

    # Weights that are packed, of which four copies are seen in the memory of the process.
    random = np.random.default_rng(9)
    layers = [(random.normal(size=(1024, 1024)) / 32).astype("float32") for _ in range(4)]

    def deep(x: Any) -> dict[str, Any]:
        for layer in layers:
            x = tf.nn.relu(x @ layer)
        return {"y": x[:, :8]}

    def other(x: Any) -> dict[str, Any]:
        return {"z": x @ layers[0][:8, :8]}

    add(
        "deep",
        1,
        {
            "serving_default": tf.function(deep, input_signature=[spec([1, 1024], tf.float32, "x")]),
            "other": tf.function(other, input_signature=[spec([1, 8], tf.float32, "x")]),
        },
        batch={"rows": 8, "least": 2},
    )

    # Few rows are quickly computed; one that names no row of the table is refused.
    def looked_up(x: Any, ids: Any) -> dict[str, Any]:
        return {"y": tf.nn.relu(x @ layers[0][:8, :8]) + tf.gather(layers[1][:16, :8], ids)}

    few = [spec([1, 8], tf.float32, "x"), spec([1], tf.int32, "ids")]
    add("rows", 1, {"serving_default": tf.function(looked_up, input_signature=few)}, batch={"rows": 16, "least": 3})

    def full_integer(converter: Any) -> None:
        random = np.random.default_rng(8)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            {"x": random.uniform(-1, 1, (1, 8)).astype("float32")} for _ in range(64)
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8

    real = {"x": "float32", "scores": "float32"}
    add("int8", 1, {"serving_default": dense}, full_integer, client_types=real)
    np.save(base / "int8" / "weights.npy", weights)
    return base


def complete(directory: Path, batch: dict[str, int | str] | None, image: dict[str, Any] | None) -> None:
    """Say in model.json what a model has besides its tensors."""
    if batch:
        set_batch(directory, **batch)
    if image:
        set_image(directory, image)


def set_image(directory: Path, image: dict[str, Any]) -> None:
    """Say in model.json how images become the only input."""
    file = directory / "model.json"
    description = json.loads(file.read_text())
    for signature in description["signatures"].values():
        (tensor,) = signature["inputs"].values()
        tensor["image"] = image
    file.write_text(json.dumps(description))


def set_batch(directory: Path, **batch: int | str) -> None:
    """Say in model.json how many rows one run computes, from how many on, or why it is one."""
    file = directory / "model.json"
    description = json.loads(file.read_text())
    for signature in description["signatures"].values():
        signature["batch"] = batch
    file.write_text(json.dumps(description))


def checksums(directory: Path) -> str:
    """Write SHA256SUMS of a version and return the SHA-256 of that file."""
    files = sorted(file for file in directory.iterdir() if file.name != "SHA256SUMS")
    text = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    (directory / "SHA256SUMS").write_text(text)
    return hashlib.sha256(text.encode()).hexdigest()
