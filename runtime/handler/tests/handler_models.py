"""Small real models: written with TensorFlow, converted by its converter, described as the optimizer describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from tensorflow_optimizer.documents.manifest import ModelDescription

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INTEGER_TYPES = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")
CAST_TYPES = (*INTEGER_TYPES, "float16", "float32", "float64")


def convert(directory: Path, functions: dict[str, Any], configure: Callable[[Any], None] = lambda _: None) -> bytes:
    """Save the functions as the signatures of a SavedModel and convert it."""
    import tensorflow as tf

    module = tf.Module()
    module.functions = functions
    tf.saved_model.save(module, str(directory), signatures=functions)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(directory))
    configure(converter)
    return bytes(converter.convert())


def describe(file: Path, *, batched: bool = True, client_types: dict[str, str] | None = None, **more: Any) -> str:
    """Return model.json of a file, by the optimizer's own document model."""
    interpreter = Interpreter(model_path=str(file))
    names = interpreter.get_signature_list()
    client_types = client_types or {}

    def tensor(name: str, details: dict[str, Any]) -> dict[str, Any]:
        dtype, shape = np.dtype(details["dtype"]).name, [int(size) for size in details["shape"]]
        scales = details["quantization_parameters"]["scales"]
        zero_points = details["quantization_parameters"]["zero_points"]
        quantization = {"scale": float(scales[0]), "zeroPoint": int(zero_points[0])} if len(scales) else None
        return {
            "dtype": client_types.get(name, dtype),
            "shape": [-1, *shape[1:]] if batched else shape,
            "tensor": {"dtype": dtype, "shape": shape, "quantization": quantization},
        }

    signatures = {}
    for name in names:
        runner = interpreter.get_signature_runner(name)
        signatures[name] = {
            "batched": batched,
            "inputs": {key: tensor(key, value) for key, value in runner.get_input_details().items()},
            "outputs": {key: tensor(key, value) for key, value in runner.get_output_details().items()},
        }
    default = "serving_default" if "serving_default" in names else min(names)
    data = {"schemaVersion": 1, "model": "tiny", "version": 3, "runtime": "native", "defaultSignature": default}
    return ModelDescription.model_validate({**data, "signatures": signatures, **more}).to_json()


def write(directory: Path, file: bytes, **description: Any) -> str:
    """Write a model directory as the layer has it."""
    (directory / "model.tflite").write_bytes(file)
    (directory / "model.json").write_text(describe(directory / "model.tflite", **description))
    return str(directory)


def build_all(root: Path) -> dict[str, str]:  # noqa: PLR0915 - one model after the other
    """Make every model under `root` and return their directories by name."""
    import tensorflow as tf

    random = np.random.default_rng(7)
    built: dict[str, str] = {}

    def add(name: str, functions: dict[str, Any], configure: Any = lambda _: None, **description: Any) -> None:
        directory = root / name
        directory.mkdir()
        built[name] = write(directory, convert(root / f"{name}.saved", functions, configure), **description)

    def spec(shape: list[int], dtype: Any, name: str) -> Any:
        return tf.TensorSpec(shape, dtype, name=name)

    weights = random.normal(size=(4, 3)).astype("float32")
    dense = tf.function(
        lambda x: {"scores": tf.nn.softmax(x @ weights)}, input_signature=[spec([1, 4], tf.float32, "x")]
    )
    add("dense", {"serving_default": dense})

    kernel = random.normal(size=(3, 3, 1, 4)).astype("float32")
    last = random.normal(size=(8 * 8 * 4, 10)).astype("float32")

    def convolve(image: Any) -> dict[str, Any]:
        hidden = tf.nn.relu(tf.nn.conv2d(image, kernel, 1, "SAME"))
        return {"scores": tf.reshape(hidden, [1, -1]) @ last}

    convolution = tf.function(convolve, input_signature=[spec([1, 8, 8, 1], tf.float32, "image")])
    add("conv", {"serving_default": convolution})

    def representative() -> Any:
        for _ in range(32):
            yield {"image": random.normal(size=(1, 8, 8, 1)).astype("float32")}

    def full_integer(converter: Any) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8

    real = {"image": "float32", "scores": "float32"}
    add("int8", {"serving_default": convolution}, full_integer, client_types=real)

    # Names in the opposite order of their arguments: nothing may depend on positions.
    two = tf.function(
        lambda zeta, alpha: {
            "weighted": zeta * tf.cast(alpha[:, :1], tf.float32),
            "doubled": alpha * 2,
        },
        input_signature=[spec([1, 3], tf.float32, "zeta"), spec([1, 2], tf.int32, "alpha")],
    )
    add("two", {"serving_default": two})

    image = tf.function(
        lambda pixels: {"mean": tf.reduce_mean(tf.cast(pixels, tf.float32), axis=[1, 2])},
        input_signature=[spec([1, 4, 4, 3], tf.uint8, "pixels")],
    )
    add("image", {"serving_default": image})

    logic = tf.function(
        lambda x, flip: {"positive": tf.math.logical_xor(x > 0, flip)},
        input_signature=[spec([1, 3], tf.float32, "x"), spec([1, 3], tf.bool, "flip")],
    )
    add("bool", {"serving_default": logic})

    single = spec([1, 2], tf.float32, "x")
    add(
        "signatures",
        {
            "serving_default": tf.function(lambda x: {"y": x * 2}, input_signature=[single]),
            "triple": tf.function(lambda x: {"y": x * 3, "size": x[:, :1]}, input_signature=[single]),
        },
    )

    audio = tf.function(
        lambda wave: {"loudness": tf.reduce_mean(tf.abs(wave)), "frames": tf.reshape(wave, [4, 2])},
        input_signature=[spec([8], tf.float32, "wave")],
    )
    add("audio", {"serving_default": audio}, batched=False)
    add(
        "scalar",
        {"serving_default": tf.function(lambda x: {"y": x + 1}, input_signature=[spec([], tf.float32, "x")])},
        batched=False,
    )

    two_rows = [spec([1, 2], tf.float32, "x"), spec([1, 2], tf.float32, "z")]
    passing = tf.function(lambda x, z: {"passed": x, "sum": x + z, "also": z}, input_signature=two_rows)
    add("passing", {"serving_default": passing})
    same = tf.function(lambda x, z: dict.fromkeys(("once", "twice"), x + z), input_signature=two_rows)
    add("same", {"serving_default": same})
    factors = tf.constant([[1.5, 2.5]])
    fixed = tf.function(lambda x: {"y": x * factors, "factors": factors}, input_signature=[single])
    add("constant", {"serving_default": fixed})

    table = random.normal(size=(5, 2)).astype("float32")
    lookup = tf.function(lambda ids: {"rows": tf.gather(table, ids)}, input_signature=[spec([1], tf.int32, "ids")])
    add("lookup", {"serving_default": lookup})

    class Counter(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.count = tf.Variable([[0.0]])

        @tf.function(input_signature=[spec([1, 1], tf.float32, "step")])
        def add(self, step):
            return {"total": self.count.assign_add(step)}

    counter = Counter()
    tf.saved_model.save(counter, str(root / "counter.saved"), signatures=counter.add)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(root / "counter.saved"))
    converter.experimental_enable_resource_variables = True
    (root / "counter").mkdir()
    built["counter"] = write(root / "counter", converter.convert(), runtime="numpy", resetState=True)

    for dtype in CAST_TYPES:
        cast = tf.function(
            lambda x, dtype=dtype: {"same": tf.cast(tf.cast(x, tf.float32), dtype), "half": tf.cast(x, tf.float32) / 2},
            input_signature=[spec([1, 3], dtype, "x")],
        )
        add(f"cast_{dtype}", {"serving_default": cast})
    return built
