"""Quantization by kind of layer, on a trained network with depthwise convolutions, and on .tflite files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_jobs import DYNAMIC_RANGE, FLOAT16, FULL_INTEGER, gate
from tensorflow_optimizer.conversion import without_blocks
from tensorflow_optimizer.documents.outcome import EvidenceKind
from tensorflow_optimizer.documents.quantization import LayerQuantization, Operation
from tensorflow_optimizer.runners.flatbuffer import operation_names, pack, unpack

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels

#: However slow: what is published must not depend on the machine.
ANY_LATENCY = gate(("maxLatencyRatio", 1e9))
BY_LAYER = {
    "*": "dynamic_wi8_afp32",
    "DEPTHWISE_CONV_2D": "no_quantize",
    "FULLY_CONNECTED": "dynamic_wi4b32_afp32",
}
DEFAULT = "mixed:*=dynamic_wi8_afp32,DEPTHWISE_CONV_2D=no_quantize"


def mixed(**operations: str) -> dict[str, Any]:
    """Return a recipe."""
    return {"kind": "steps", "steps": [{"step": "quantization", "mode": "mixed", "operations": operations}]}


def stripes(count: int, seed: int) -> tuple[Any, Any]:
    """Return noisy images of horizontal, vertical and diagonal stripes."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    rows, columns = np.mgrid[0:16, 0:16]
    along = np.stack([rows, columns, rows + columns])[labels]
    phases = random.uniform(0, 2 * np.pi, (count, 1, 1))
    images = np.sin(along * 1.2 + phases) + random.normal(0, 0.4, along.shape)
    return images[..., np.newaxis].astype(np.float32), labels


@pytest.fixture(scope="module")
def separable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a network with depthwise convolutions, and export it."""
    import keras

    keras.utils.set_random_seed(7)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1), name="image"),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            layers.DepthwiseConv2D(3, padding="same", activation="relu"),
            layers.Conv2D(64, 1, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(32, activation="relu"),
            layers.Dense(3, activation="softmax", name="kind"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(*stripes(1200, seed=1), epochs=6, verbose=0)
    directory = tmp_path_factory.mktemp("separable") / "model"
    model.export(directory, verbose=False)
    return directory


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return labelled images."""
    images, labels = stripes(600, seed=2)
    file = tmp_path_factory.mktemp("data") / "data.npz"
    np.savez(file, image=images, labels=labels)
    return file


@pytest.fixture(scope="module")
def unsigned(separable: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the .tflite file of the network, without a signature and with an open batch."""
    model = unpack(tf.lite.TFLiteConverter.from_saved_model(str(separable)).convert())
    model.signatureDefs = []
    file = tmp_path_factory.mktemp("unsigned") / "unsigned.tflite"
    file.write_bytes(pack(model))
    return file


def weights_of(result: Result) -> dict[str, str]:
    """Return the type of the largest weight of each operation in the published file."""
    from ai_edge_litert import schema_py_generated as schema

    types = {value: name for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    model = unpack((result.output / "model" / "model.tflite").read_bytes())
    (graph,) = model.subgraphs
    names = operation_names(model)
    weights: dict[str, list[Any]] = {"CONV_2D": [], "DEPTHWISE_CONV_2D": [], "FULLY_CONNECTED": []}
    for operator in graph.operators:
        name = names[operator.opcodeIndex]
        if name in weights:
            weights[name].append(graph.tensors[operator.inputs[1]])
    largest = {name: max(found, key=lambda tensor: np.prod(tensor.shape)) for name, found in weights.items() if found}
    return {name: types[tensor.type] for name, tensor in largest.items()}


def accuracy_of(result: Result) -> float:
    """Return the accuracy of the published file on images that no job has seen."""
    images, labels = stripes(300, seed=3)
    (name,) = result.published.signatures[result.published.default_signature].inputs
    (answers,) = result.predict({name: images}).values()
    return float((answers.argmax(axis=1) == labels).mean())


def test_each_kind_of_layer_gets_its_own_types(separable: Path, data: Path, runs: Runs) -> None:
    result = runs(separable, data, recipe=mixed(**BY_LAYER))
    (name,) = result.statuses
    assert name == "mixed:*=dynamic_wi8_afp32,DEPTHWISE_CONV_2D=no_quantize,FULLY_CONNECTED=dynamic_wi4b32_afp32"
    assert result.published.requirements.runtime == "native"
    assert weights_of(result) == {"CONV_2D": "INT8", "DEPTHWISE_CONV_2D": "FLOAT32", "FULLY_CONNECTED": "INT4"}
    assert accuracy_of(result) > 0.97


def test_static_ranges_are_calibrated_and_inputs_and_outputs_stay_floats(
    separable: Path, data: Path, runs: Runs
) -> None:
    operations = {**BY_LAYER, "*": "static_wi8_ai8", "DEPTHWISE_CONV_2D": "static_wi8_ai8"}
    result = runs(separable, data, recipe=mixed(**operations))
    assert weights_of(result) == {"CONV_2D": "INT8", "DEPTHWISE_CONV_2D": "INT8", "FULLY_CONNECTED": "INT4"}
    (tensor,) = result.published.signatures[result.published.default_signature].inputs.values()
    assert tensor.tensor is not None
    assert (tensor.tensor.dtype, tensor.tensor.quantization) == ("float32", None)
    assert accuracy_of(result) > 0.97


def test_static_ranges_hold_what_few_rows_reach(models: SampleModels, runs: Runs) -> None:
    by_layer = runs(models.tflite, models.labelled, recipe=mixed(**{"*": "static_wi8_ai8"})).outcome.candidates[0]
    converted = runs(models.dense, models.labelled, recipe=FULL_INTEGER).outcome.candidates[0]
    assert [layer.weights for layer in by_layer.layers] == ["int8"] * 3
    for found, expected in zip(by_layer.layers, converted.layers, strict=True):
        assert found.error == pytest.approx(expected.error, rel=0.2)


@pytest.mark.parametrize(
    ("recipe", "stored"),
    [(FLOAT16, "float16"), (mixed(CONV_2D="weight_only_wi8_afp32"), "int8")],
    ids=["float16", "weights only"],
)
def test_layers_have_the_types_that_are_stored_also_where_they_compute_in_float(
    recipe: dict[str, Any], stored: str, separable: Path, data: Path, runs: Runs
) -> None:
    layers = runs(separable, data, recipe=recipe).outcome.candidates[0].layers
    (pointwise,) = (layer for layer in layers[1:] if layer.operation == "CONV_2D")
    assert pointwise.weights == stored


def test_the_unchanged_file_has_no_errors_by_layer(models: SampleModels, runs: Runs) -> None:
    assert runs(models.dense, models.labelled, recipe="none").outcome.candidates[0].layers == []


def test_the_default_leaves_depthwise_convolutions_in_float(separable: Path, data: Path, runs: Runs) -> None:
    result = runs(separable, data, gate=ANY_LATENCY)
    assert result.statuses == {DEFAULT: "chosen", "float16": "skipped", "float32": "skipped"}
    assert weights_of(result)["DEPTHWISE_CONV_2D"] == "FLOAT32"
    layers = result.outcome.candidates[0].layers
    assert [(layer.operation, layer.weights) for layer in layers] == [
        ("CONV_2D", "float32"),
        ("DEPTHWISE_CONV_2D", "float32"),
        ("CONV_2D", "int8"),
        ("FULLY_CONNECTED", "int8"),
        ("FULLY_CONNECTED", "float32"),
    ]
    assert [layer.error == 0 for layer in layers] == [True, True, False, False, False]
    assert max(layer.error for layer in layers) < 0.1


def test_the_default_of_a_network_without_them_is_dynamic_range(models: SampleModels, runs: Runs) -> None:
    assert runs(models.dense, models.labelled, gate=ANY_LATENCY).statuses["dynamicRange"] == "chosen"


def test_layers_that_the_model_does_not_have_are_said(models: SampleModels, runs: Runs) -> None:
    operations = {"*": "dynamic_wi8_afp32", "CONV_2D": "no_quantize"}
    warnings = runs(models.dense, models.labelled, recipe=mixed(**operations)).outcome.warnings
    assert any("the model has no CONV_2D, which the recipe names (it has" in warning for warning in warnings)


def test_layers_that_are_narrower_than_a_block_get_int8(models: SampleModels, runs: Runs) -> None:
    recipe = mixed(FULLY_CONNECTED="dynamic_wi4b32_afp32")
    result = runs(models.dense, models.labelled, recipe=recipe, gate=gate(("maxAccuracyLoss", 0.2)))
    assert "no multiple of 32 have int8 weights: matmul" in " ".join(result.outcome.warnings)
    assert weights_of(result) == {"FULLY_CONNECTED": "INT4"}


def test_layers_that_are_too_small_to_be_quantized_are_not_said_to_get_int8(models: SampleModels) -> None:
    operations = {Operation.FULLY_CONNECTED: LayerQuantization.DYNAMIC_WI4B128_AFP32}
    assert len(without_blocks(models.tflite.read_bytes(), operations)) == 2, "all but the third, which has 256 weights"


@pytest.mark.parametrize(
    ("recipe", "types"),
    [
        (mixed(**BY_LAYER), {"CONV_2D": "INT8", "DEPTHWISE_CONV_2D": "FLOAT32", "FULLY_CONNECTED": "INT4"}),
        (FULL_INTEGER, {"CONV_2D": "INT8", "DEPTHWISE_CONV_2D": "INT8", "FULLY_CONNECTED": "INT8"}),
        (DYNAMIC_RANGE, {"CONV_2D": "INT8", "DEPTHWISE_CONV_2D": "FLOAT32", "FULLY_CONNECTED": "INT8"}),
        (FLOAT16, {"CONV_2D": "FLOAT32", "DEPTHWISE_CONV_2D": "FLOAT32", "FULLY_CONNECTED": "FLOAT32"}),
    ],
    ids=["mixed", "fullInteger", "dynamicRange", "float16"],
)
def test_a_file_without_a_signature_is_quantized(
    recipe: dict[str, Any], types: dict[str, str], unsigned: Path, data: Path, runs: Runs
) -> None:
    result = runs(unsigned, data, recipe=recipe)
    assert result.published.requirements.runtime == "native"
    assert result.published.size_bytes < unsigned.stat().st_size
    assert weights_of(result) == types
    assert accuracy_of(result) > 0.97


def test_the_default_of_a_file_is_that_of_a_saved_model(unsigned: Path, data: Path, runs: Runs) -> None:
    assert runs(unsigned, data, gate=ANY_LATENCY).statuses == {
        DEFAULT: "chosen",
        "float16": "skipped",
        "none": "skipped",
    }
    without_data = runs(unsigned)
    assert without_data.statuses == {"float16": "chosen", "none": "skipped"}
    assert without_data.published.evaluation is not None
    assert without_data.published.evaluation.evidence is EvidenceKind.GENERATED


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export a network with a group for each channel, as ConvNeXt has it, and a layer with a single group."""
    import keras

    keras.utils.set_random_seed(7)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1), name="image"),
            layers.Conv2D(64, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(64, 5, padding="same", groups=64, activation="relu"),
            layers.Conv2D(64, 1, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax", name="kind"),
        ]
    )
    directory = tmp_path_factory.mktemp("grouped") / "model"
    model.export(directory, verbose=False)
    return directory


@pytest.mark.parametrize("packaging", ["directory", "file"])
def test_a_grouped_convolution_is_left_in_float_as_a_depthwise_one_is(
    packaging: str, grouped: Path, runs: Runs, tmp_path: Path
) -> None:
    model = grouped
    if packaging == "file":
        model = tmp_path / "grouped.tflite"
        model.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(grouped)).convert())
    # It was not trained, so nothing is asked of its decisions.
    np.savez(tmp_path / "images.npz", image=stripes(200, seed=2)[0])
    result = runs(model, tmp_path / "images.npz", gate=gate(("maxLatencyRatio", 1e9), ("minAgreement", 0.01)))
    assert result.statuses[DEFAULT] == "chosen"
    file = unpack((result.output / "model" / "model.tflite").read_bytes())
    (graph,) = file.subgraphs
    names = operation_names(file)
    filters = [
        graph.tensors[operator.inputs[1]] for operator in graph.operators if names[operator.opcodeIndex] == "CONV_2D"
    ]
    types = {tuple(int(size) for size in tensor.shape): tensor.type for tensor in filters}
    assert types[64, 5, 5, 1] == 0  # FLOAT32
    assert types[64, 1, 1, 64] == 9  # INT8
    assert not any("has no DEPTHWISE_CONV_2D" in warning for warning in result.outcome.warnings)


def test_a_search_tries_the_quantizations_of_a_file(unsigned: Path, data: Path, runs: Runs) -> None:
    steps = [{"step": "quantization", "mode": mode} for mode in ("float16", "dynamicRange")]
    recipe = {"kind": "search", "steps": steps, "search": {"objective": "size"}}
    assert runs(unsigned, data, recipe=recipe).statuses == {
        "dynamicRange": "chosen",
        "float16": "passed",
        "none": "passed",
    }
