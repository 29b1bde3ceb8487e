"""The parts of openapi.json that the contract's cases do not ask for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from described_models import described, signature, validator, validators
from jsonschema import Draft202012Validator
from tensorflow_optimizer.documents.image import ImageInput, Preprocessing
from tensorflow_optimizer.documents.job import ModelFormat
from tensorflow_optimizer.documents.manifest import (
    LiteRtTensor,
    ModelDescription,
    Runtime,
    Signature,
    Tensor,
    TensorQuantization,
)
from tensorflow_optimizer.openapi import openapi_document, openapi_text
from tensorflow_optimizer.signatures.images import with_image

PAIR = described(
    serving_default=signature({"a": ("float32", [2]), "b": ("int32", [])}, {"p": ("float32", [2]), "q": ("int32", [])}),
    other=signature({"x": ("uint8", [2, 2])}, {"y": ("float32", [3])}),
)
A = {"name": "a", "datatype": "FP32", "shape": [2, 2], "data": [1, 2, 3, 4.5]}
B = {"name": "b", "datatype": "INT32", "shape": [2], "data": [1, 2]}


@pytest.fixture(scope="module")
def accepts() -> Any:
    return validators(PAIR)


def test_every_schema_is_one_of_json_schema_2020_12() -> None:
    document = openapi_document(PAIR)
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    references = set(json.dumps(document).split('"$ref": "')[1:])
    names = {reference.split('"')[0].removeprefix("#/components/") for reference in references}
    assert names <= {f"{kind}/{name}" for kind, named in document["components"].items() for name in named}


def test_the_routes_are_those_of_the_server() -> None:
    assert {(path, method) for path, item in openapi_document(PAIR)["paths"].items() for method in item} == {
        ("/v1/models/zoo:predict", "post"),
        ("/v1/models/zoo", "get"),
        ("/v1/models/zoo/metadata", "get"),
        ("/v1/models/zoo/openapi.json", "get"),
        ("/v2/models/zoo/infer", "post"),
        ("/v2/models/zoo", "get"),
        ("/v2/models/zoo/ready", "get"),
        ("/v2", "get"),
        ("/v2/health/live", "get"),
        ("/v2/health/ready", "get"),
    }
    assert set(openapi_document(PAIR, served_by=ModelFormat.SAVED_MODEL)["paths"]) == {
        "/v1/models/zoo:predict",
        "/v1/models/zoo",
        "/v1/models/zoo/metadata",
    }


@pytest.mark.parametrize(
    ("dtype", "allowed", "refused"),
    [
        ("float32", [0, 1.5, -3.4028235e38, 3.4028235677973361e38], [3.4028235677973366e38, True, "1", None]),
        ("float64", [1e308, -1e308], [float("inf"), None]),
        ("float16", [65519.99, -65519.99], [65520, -65520, None]),
        ("int8", [-128, 127], [-129, 128, 0.5, None, True]),
        ("uint8", [0, 255], [-1, 256]),
        ("int16", [-32768, 32767], [-32769, 32768]),
        ("uint16", [65535], [65536]),
        ("int32", [2**31 - 1], [2**31]),
        ("uint32", [2**32 - 1], [2**32]),
        ("int64", [-(2**63), 2**63 - 1], [2**63]),
        ("uint64", [2**64 - 1], [2**64, -1]),
        ("bool", [True, False], [0, 1, "true", None]),
    ],
)
def test_ranges_of_each_type(dtype: str, allowed: list[Any], refused: list[Any]) -> None:
    accepts = validators(described(serving_default=signature({"x": (dtype, [])}, {"y": (dtype, [])})))
    datatype = {"float16": "FP16", "float32": "FP32", "float64": "FP64"}.get(dtype, dtype.upper())
    for value in (*allowed, *refused):
        expected = value in allowed and type(value) in map(type, allowed)
        assert accepts("PredictRequest", {"instances": [value]}) is expected, value
        given = {"name": "x", "datatype": datatype, "shape": [1], "data": [value]}
        assert accepts("InferRequest", {"inputs": [given]}) is expected, value


def test_real_values_of_a_quantized_tensor_have_the_range_of_float32() -> None:
    stored = LiteRtTensor(dtype="int8", shape=[1], quantization=TensorQuantization(scale=0.1, zero_point=3))
    tensor = Tensor(dtype="float64", shape=[-1], tensor=stored)
    accepts = validators(
        described(serving_default=Signature(batched=True, inputs={"x": tensor}, outputs={"y": tensor}))
    )
    assert accepts("PredictRequest", {"instances": [3e38]})
    assert not accepts("PredictRequest", {"instances": [1e39]})


@pytest.mark.parametrize(
    ("allowed", "body"),
    [
        (True, {"instances": [{"a": [1, 2], "b": 3}]}),
        (True, {"instances": [{"a": [1, 2], "b": 3}], "signature_name": "", "unknown": None}),
        (True, {"inputs": {"a": [[1, 2]], "b": [3]}, "signature_name": "serving_default"}),
        (True, {"instances": [[[1, 2], [3, 4]]], "signature_name": "other"}),
        (True, {"instances": [{"x": [[1, 2], [3, 4]]}], "signature_name": "other"}),
        (False, {"instances": [{"a": [1, 2], "b": 3, "c": 4}]}),
        (False, {"instances": [{"a": [1, 2]}]}),
        (False, {"instances": [{"a": [1, 2, 3], "b": 3}]}),
        (False, {"instances": []}),
        (False, {"instances": [[[1, 2], [3, 4]]]}),
        (False, {"instances": [{"a": [1, 2], "b": 3}], "inputs": {"a": [[1, 2]], "b": [3]}}),
        (False, {"instances": [[[1, 2], [3, 4]], {"x": [[1, 2], [3, 4]]}], "signature_name": "other"}),
        (False, {"instances": [{"a": [1, 2], "b": 3}], "signature_name": None}),
        (False, {"signature_name": "other"}),
        (False, None),
    ],
)
def test_predict_requests(accepts: Any, allowed: bool, body: Any) -> None:
    assert accepts("PredictRequest", body) is allowed


@pytest.mark.parametrize(
    ("allowed", "body"),
    [
        (True, {"inputs": [B, A], "id": None, "outputs": None, "parameters": None}),
        (True, {"inputs": [A, B], "id": "a1", "outputs": [{"name": "q"}, {"name": "p", "parameters": None}]}),
        (True, {"inputs": [A | {"data": [[1, 2], [3, 4.5]]}, B], "parameters": {"binary_data_output": True}}),
        (False, {"inputs": [A]}),
        (False, {"inputs": [A, A]}),
        (False, {"inputs": [A, B, B]}),
        (False, {"inputs": [A | {"datatype": "FP64"}, B]}),
        (False, {"inputs": [A | {"shape": [2, 3]}, B]}),
        (False, {"inputs": [A | {"shape": [0, 2]}, B]}),
        (False, {"inputs": [A | {"data": None}, B]}),
        (False, {"inputs": [A | {"parameters": {"binary_data_size": 16}}, B]}),
        (False, {"inputs": [A, B], "outputs": [{"name": "q"}, {"name": "q"}]}),
        (False, {"inputs": [A, B], "outputs": [{"name": "z"}]}),
        (False, {"inputs": [A, B], "parameters": {"sequence_id": 1}}),
        (False, {"inputs": [A, B], "parameters": {"signature_name": "other"}}),
        (False, {"inputs": [A, B], "id": 1}),
    ],
)
def test_inference_requests(accepts: Any, allowed: bool, body: Any) -> None:
    assert accepts("InferRequest", body) is allowed


def test_a_signature_that_is_not_the_default_one_is_named(accepts: Any) -> None:
    x = {"name": "x", "datatype": "UINT8", "shape": [1, 2, 2], "data": [1, 2, 3, 4]}
    assert accepts("InferRequest", {"inputs": [x], "parameters": {"signature_name": "other"}})
    for parameters in ({}, {"parameters": None}, {"parameters": {}}, {"parameters": {"signature_name": ""}}):
        assert not accepts("InferRequest", {"inputs": [x], **parameters})


def test_answers_have_the_classes_of_a_model_with_labels() -> None:
    labelled = PAIR.model_copy(update={"labels": ["cat", "dog", "emu"]})
    accepts = validators(labelled)
    classes = [[{"label": name, "score": 0.5} for name in ("dog", "cat", "emu")]]
    answer = {"predictions": [[0.1, 0.5, 0.4]]}
    assert accepts("PredictResponse", answer | {"classes": classes})
    assert not accepts("PredictResponse", answer)
    assert not accepts("PredictResponse", answer | {"classes": [classes[0][:2]]})
    assert validators(labelled, ModelFormat.SAVED_MODEL)("PredictResponse", answer)


def test_sizes_that_are_open_and_strings_of_a_saved_model() -> None:
    model = described(
        serving_default=Signature(
            batched=True,
            inputs={"text": Tensor(dtype="string", shape=[-1, -1])},
            outputs={"scores": Tensor(dtype="float32", shape=[-1, -1])},
        )
    )
    accepts = validators(model, ModelFormat.SAVED_MODEL)
    assert accepts("PredictRequest", {"instances": [["a", {"b64": "YQ=="}, "c"]]})
    assert not accepts("PredictRequest", {"instances": [[1]]})
    assert accepts("PredictResponse", {"predictions": [[0.1, 0.2]]})


GOLDEN = {
    "requests": [
        {
            "request": {"signature_name": "serving_default", "instances": [{"a": [1.5, 2], "b": row}]},
            "response": {"predictions": [{"p": [3, 4.5], "q": row}]},
        }
        for row in range(5)
    ]
}


def test_golden_requests_become_examples_of_both_protocols(accepts: Any) -> None:
    paths = openapi_document(PAIR, GOLDEN)["paths"]

    def examples(path: str) -> tuple[Any, Any]:
        operation = paths[path]["post"]
        content = (operation["requestBody"]["content"], operation["responses"]["200"]["content"])
        found = [body["application/json"]["examples"] for body in content]
        assert set(found[0]) == set(found[1]) == {"golden1", "golden2", "golden3"}
        return found[0]["golden2"]["value"], found[1]["golden2"]["value"]

    assert examples("/v1/models/zoo:predict") == (GOLDEN["requests"][1]["request"], GOLDEN["requests"][1]["response"])
    request, answer = examples("/v2/models/zoo/infer")
    assert accepts("InferRequest", request)
    assert accepts("InferResponse", answer)
    assert request["inputs"][0] == {"name": "a", "shape": [1, 2], "datatype": "FP32", "data": [1.5, 2]}
    assert answer["outputs"][1] == {"name": "q", "shape": [1], "datatype": "INT32", "data": [1]}


def test_examples_in_column_format() -> None:
    model = described(serving_default=signature({"x": ("float32", [2])}, {"y": ("float32", [])}, batched=False))
    golden = {"requests": [{"request": {"inputs": [1, 2]}, "response": {"outputs": 3}}]}
    content = openapi_document(model, golden)["paths"]["/v2/models/zoo/infer"]["post"]["requestBody"]["content"]
    request = content["application/json"]["examples"]["golden1"]["value"]
    assert request == {"inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "data": [1, 2]}]}
    assert validators(model)("InferRequest", request)


def test_requests_that_nobody_can_read_are_no_examples() -> None:
    large = {"requests": [{"request": {"instances": [[0.5] * 20_000]}, "response": {"predictions": [0.5]}}]}
    assert "examples" not in openapi_text(openapi_document(PAIR, large))


def test_names_that_a_component_cannot_have() -> None:
    model = described(
        "a b",
        **{"a b": signature({"x": ("int8", [])}, {"y": ("int8", [])}), "a/b": signature({"x": ("int16", [])}, {})},
    )
    schemas = openapi_document(model)["components"]["schemas"]
    assert (schemas["a_b.inputs.x"]["maximum"], schemas["a_b.inputs.x_2"]["maximum"]) == (127, 32767)


def test_the_same_description_makes_the_same_text() -> None:
    texts = {openapi_text(openapi_document(ModelDescription.model_validate_json(PAIR.to_json()))) for _ in range(2)}
    assert len(texts) == 1
    assert Runtime.NATIVE.value not in texts.pop()


def test_the_module_needs_neither_tensorflow_nor_numpy() -> None:
    """A build pays nothing for it but its own work."""
    program = "import sys, tensorflow_optimizer.openapi; print({'tensorflow', 'numpy'} & set(sys.modules))"
    source = Path(__file__).parents[2] / "src"
    shared = Path(__file__).parents[3] / "runtime" / "shared" / "src"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{source}:{shared}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"


IMAGES = described(
    serving_default=signature({"image": ("float32", [2, 2, 1])}, {"y": ("float32", [2])}),
    pair=signature({"image": ("float32", [2, 2, 1]), "b": ("int32", [])}, {"y": ("float32", [2])}),
)
IMAGES = IMAGES.model_copy(
    update={
        "signatures": with_image(
            IMAGES.signatures, "serving_default", ImageInput(preprocessing=Preprocessing.ZERO_TO_ONE)
        )
    }
)
NUMBERS, ENCODED = [[[1], [2]], [[3], [4]]], {"b64": "AAAA"}
BYTES = {"name": "image", "datatype": "BYTES", "shape": [2], "data": ["AAAA", "BBBB"]}
VALUES = {"name": "image", "datatype": "FP32", "shape": [1, 2, 2, 1], "data": [1, 2, 3, 4]}


@pytest.mark.parametrize(
    ("allowed", "component", "body"),
    [
        (True, "PredictRequest", {"instances": [ENCODED, NUMBERS]}),
        (True, "PredictRequest", {"instances": [{"image": ENCODED}]}),
        (True, "PredictRequest", {"inputs": [ENCODED]}),
        (True, "PredictRequest", {"inputs": {"image": [ENCODED, ENCODED]}}),
        (True, "PredictRequest", {"signature_name": "pair", "instances": [{"image": ENCODED, "b": 1}]}),
        (False, "PredictRequest", {"signature_name": "pair", "instances": [{"image": ENCODED, "b": ENCODED}]}),
        (False, "PredictRequest", {"instances": [{"b64": 1}]}),
        (False, "PredictRequest", {"instances": ["AAAA"]}),
        (False, "PredictRequest", {"instances": [[ENCODED]]}),
        (True, "InferRequest", {"inputs": [VALUES]}),
        (True, "InferRequest", {"inputs": [BYTES]}),
        (True, "InferRequest", {"inputs": [BYTES | {"shape": [2, 1]}]}),
        (True, "InferRequest", {"inputs": [BYTES], "parameters": {"signature_name": "serving_default"}}),
        (False, "InferRequest", {"inputs": [BYTES | {"shape": [2, 2]}]}),
        (False, "InferRequest", {"inputs": [BYTES | {"data": [1, 2]}]}),
        (False, "InferRequest", {"inputs": [VALUES | {"datatype": "BYTES"}]}),
    ],
)
def test_a_row_of_an_input_for_images_is_numbers_or_an_image(allowed: bool, component: str, body: Any) -> None:
    assert validators(IMAGES)(component, body) is allowed
    without = validators(
        described(serving_default=signature({"image": ("float32", [2, 2, 1])}, {"y": ("float32", [2])}))
    )
    assert without(component, body) is (body == {"inputs": [VALUES]})


def test_the_body_may_be_an_image_where_the_signature_has_no_other_input() -> None:
    content = openapi_document(IMAGES)["paths"]["/v1/models/zoo:predict"]["post"]["requestBody"]["content"]
    assert list(content) == ["application/json", "image/jpeg", "image/png"]
    for description in (IMAGES.model_copy(update={"default_signature": "pair"}), PAIR):
        body = openapi_document(description)["paths"]["/v1/models/zoo:predict"]["post"]["requestBody"]
        assert list(body["content"]) == ["application/json"]


def test_a_golden_image_is_an_example_of_both_protocols() -> None:
    golden = {"requests": [{"request": {"instances": [ENCODED]}, "response": {"predictions": [[1.0, 2.0]]}}]}
    document = openapi_document(IMAGES, golden)
    for path, component in (("/v1/models/zoo:predict", "PredictRequest"), ("/v2/models/zoo/infer", "InferRequest")):
        content = document["paths"][path]["post"]["requestBody"]["content"]
        assert validator(document, component).is_valid(content["application/json"]["examples"]["golden1"]["value"])
