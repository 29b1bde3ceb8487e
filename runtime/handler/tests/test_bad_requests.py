"""Every mistake a client can make is answered by a status of the 400s and one sentence that says what was expected."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from model_server import events, rest

if TYPE_CHECKING:
    from collections.abc import Callable

    from model_server import Model

ROW = "[1, 2]"
DEEP = "[" * 200_000 + "]" * 200_000

TEXTS: list[tuple[str, str, int, str]] = [
    ("dense", "", 400, "the body is empty; a JSON object with 'instances' or 'inputs' is needed"),
    ("dense", "instances=1", 400, "the body is not JSON: a value is missing at character 0"),
    ("dense", '{"instances": [[1,2,3,4]]', 400, "the body is not JSON: Expecting ',' delimiter: line 1"),
    ("dense", '{"instances": [[1,2,3,4]]} x', 400, "the body is not JSON: something follows the value at character 26"),
    ("dense", '{"instances": [[1,2,3,4]], "instances": []}', 400, "the body names 'instances' twice in one object"),
    ("dense", '{"instances": ' + DEEP + "}", 400, "the body is nested too deeply"),
    ("dense", '{"instances": [[1' + "0" * 5000 + ",2,3,4]]}", 400, "the body is not JSON: Exceeds the limit"),
    ("dense", '{"instances": [[1' + "0" * 4000 + ",2,3,4]]}", 400, "an integer of 4001 digits is outside of float32"),
    ("dense", '{"instances": [[1e38,2,1e39,4]]}', 400, "instances[0][2]: 1e+39 is outside of float32, at most"),
    ("dense", "[1, 2]", 400, "the request must be a JSON object with 'instances' or 'inputs'"),
    ("dense", "null", 400, "the request must be a JSON object with 'instances' or 'inputs'"),
    ("dense", "{}", 400, "must have exactly one of 'instances' or 'inputs', but has neither"),
    ("dense", '{"data": [1,2,3,4]}', 400, "must have exactly one of 'instances' or 'inputs', but has neither"),
    ("dense", '{"instances": [], "inputs": []}', 400, "but has both 'instances' and 'inputs'"),
    ("dense", '{"instances": []}', 400, "'instances' is empty; at least one row is needed"),
    ("dense", '{"instances": {}}', 400, "'instances' must be a list with one element per row"),
    ("dense", '{"instances": "[]"}', 400, "'instances' must be a list with one element per row"),
    ("dense", '{"instances": null}', 400, "'instances' must be a list with one element per row"),
    ("dense", '{"inputs": []}', 400, "the batch is empty; at least one row is needed"),
    (
        "dense",
        '{"inputs": 5}',
        400,
        "inputs: 5 stands where the list of rows belongs; expected float32 of shape [-1, 4], -1 being the number of",
    ),
    (
        "dense",
        '{"instances": [1,2,3,4]}',
        400,
        "instances[0]: 1 stands where a list of 4 belongs; each instance is float32 of shape [4]",
    ),
    ("dense", '{"instances": [[1,2,3]]}', 400, "instances[0]: a list of 3 stands where a list of 4 belongs"),
    ("dense", '{"instances": [[1,2,3,4],[1,2,3]]}', 400, "instances[1]: a list of 3 stands where a list of 4 belongs"),
    (
        "dense",
        '{"instances": [[1,2,3,4],[1,[2],3,4]]}',
        400,
        "instances[1][1]: a list of 1 stands where a number belongs",
    ),
    ("dense", '{"instances": [[1,2,3,"4"]]}', 400, 'instances[0][3]: the string "4" stands where a number belongs'),
    ("dense", '{"instances": [[1,2,3,true]]}', 400, "instances[0][3]: true stands where a number belongs"),
    ("dense", '{"instances": [[1,2,3,null]]}', 400, "instances[0][3]: null stands where a number belongs"),
    ("dense", '{"instances": [[1,2,3,{}]]}', 400, "instances[0][3]: an object stands where a number belongs"),
    ("dense", '{"instances": [{"b64": "AAAA"}]}', 400, "instances[0]: an object stands where a list of 4 belongs"),
    ("dense", '{"inputs": {"b64": "AAAA"}}', 400, "inputs: an object stands where the list of rows belongs"),
    (
        "scalar",
        '{"inputs": {"b64": "AAAA"}}',
        400,
        'inputs: bytes ("b64") are for inputs of type string, and this one is',
    ),
    (
        "dense",
        '{"instances": [{"y": [1,2,3,4]}]}',
        400,
        "instances[0] has the keys 'y', but the signature 'serving_default' takes 'x'",
    ),
    ("dense", '{"instances": [{}]}', 400, "instances[0] has the keys of an empty object, but the signature"),
    ("dense", '{"instances": [{"x": [1,2,3,4]}, [1,2,3,4]]}', 400, "but instances[1] differs"),
    ("dense", '{"instances": [[1,2,3,4], {"x": [1,2,3,4]}]}', 400, "but instances[1] differs"),
    ("dense", '{"instances": [{"x": [1,2,3,"a"]}]}', 400, 'instances[0]["x"][3]: the string "a" stands where'),
    (
        "dense",
        '{"inputs": {"x": [[1,2,3,"a"]]}}',
        400,
        'inputs["x"][0][3]: the string "a" stands where a number belongs',
    ),
    ("dense", '{"inputs": {}}', 400, "missing input 'x'; the signature 'serving_default' takes 'x' (float32 [-1, 4])"),
    ("dense", '{"inputs": {"x": [[1,2,3,4]], "y": 1}}', 400, "unknown input 'y'; the signature"),
    ("two", '{"instances": [[1, 2]]}', 400, "each instance must be an object with the inputs 'alpha', 'zeta'"),
    ("two", '{"inputs": [[1, 2]]}', 400, "'inputs' must be an object with the inputs 'alpha', 'zeta'"),
    ("two", '{"instances": [{"zeta": [1,2,3]}]}', 400, "instances[0] has the keys 'zeta', but the signature"),
    ("two", '{"inputs": {"zeta": [[1,2,3]]}}', 400, "missing input 'alpha'"),
    (
        "two",
        '{"inputs": {"zeta": [[1,2,3]], "alpha": [[1,2],[3,4]]}}',
        400,
        "all inputs must have the same number of rows: 'alpha' has 2, 'zeta' has 1",
    ),
    (
        "two",
        '{"inputs": {"zeta": [[1,2,3]], "alpha": [[1.5,2]]}}',
        400,
        'inputs["alpha"][0][0]: 1.5 stands where an integer',
    ),
    (
        "two",
        '{"inputs": {"zeta": [[1,2,3]], "alpha": [[NaN,2]]}}',
        400,
        'inputs["alpha"][0][0]: NaN stands where an integer',
    ),
    ("image", '{"instances": [[[[300,0,0]]]]}', 400, "instances[0]: a list of 1 stands where a list of 4 belongs"),
    ("cast_uint8", '{"instances": [[300,0,0]]}', 400, "instances[0][0]: 300 is outside of uint8, 0 to 255"),
    ("cast_int8", '{"instances": [[0,0,-129]]}', 400, "instances[0][2]: -129 is outside of int8, -128 to 127"),
    (
        "bool",
        '{"instances": [{"x": [1,1,1], "flip": [0,1,true]}]}',
        400,
        'instances[0]["flip"][0]: 0 stands where true or false',
    ),
    (
        "bool",
        '{"instances": [{"x": [1,1,1], "flip": [-0,1,true]}]}',
        400,
        'instances[0]["flip"][0]: 0 stands where true or false',
    ),
    ("int8", '{"instances": [[[[NaN]]]]}', 400, "instances[0]: a list of 1 stands where a list of 8 belongs"),
    ("lookup", '{"instances": [99]}', 400, "the model cannot compute these values"),
    ("signatures", '{"signature_name": 1, "instances": [[1,2]]}', 400, "signature_name must be a string"),
    ("signatures", '{"signature_name": null, "instances": [[1,2]]}', 400, "signature_name must be a string"),
    (
        "signatures",
        '{"signature_name": "double", "instances": [[1,2]]}',
        400,
        "unknown signature_name 'double'; this model has 'serving_default', 'triple'",
    ),
    ("audio", '{"instances": [1,2,3,4,5,6,7,8]}', 400, "do not share a batch dimension"),
    ("audio", '{"instances": [[1,2,3,4,5,6,7,8]]}', 400, "instances: a list of 1 stands where a list of 8 belongs"),
    (
        "audio",
        '{"inputs": [1,2,3]}',
        400,
        "inputs: a list of 3 stands where a list of 8 belongs; expected float32 of shape [8]",
    ),
    ("dense", '{"instances": [[' + "1," * 3_200_000 + "1]]}", 413, "at most 6291456 are allowed; send fewer rows"),
]


def http(body: Any, **more: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": "/v1/models/tiny:predict",
        "requestContext": {"http": {"method": "POST"}, "stage": "$default"},
        "body": body,
        "isBase64Encoded": False,
        **more,
    }


@pytest.mark.parametrize(("name", "text", "status", "sentence"), TEXTS)
def test_a_bad_body_gets_an_error_of_one_sentence(
    name: str, text: str, status: int, sentence: str, load_model: Callable[..., Model]
) -> None:
    response = events.answer(load_model(name), http(text))
    error = json.loads(response["body"])["error"]
    assert sentence in error
    assert response["statusCode"] == status
    assert "\n" not in error
    assert len(error) < 600


DIRECT: list[tuple[Any, str]] = [
    (None, "the request must be a JSON object with 'instances', 'inputs' or 'data'"),
    ([1], "the request must be a JSON object with 'instances', 'inputs' or 'data'"),
    ("{}", "the request must be a JSON object"),
    ({}, "must have exactly one of 'instances', 'inputs' or 'data', but has neither"),
    ({"data": [1, 2, 3, 4], "inputs": []}, "but has both 'inputs' and 'data'"),
    (
        {"data": [[1, 2, 3, 4]]},
        "data: a list of 1 stands where a list of 4 belongs; each instance is float32 of shape [4]",
    ),
    ({"data": [1, 2, "3", 4]}, 'data[2]: the string "3" stands where a number belongs'),
    ({"data": {"x": [1, 2, None, 4]}}, 'data["x"][2]: null stands where a number belongs'),
    ({"data": {"y": 1}}, "missing input 'x' and unknown input 'y'"),
    ({"Records": [{"s3": {}}]}, "must have exactly one of"),
    ({"data": ["\ud800", 1, 1, 1]}, 'the string "?" stands where a number belongs'),
    ({"data": [10**5000, 1, 1, 1]}, "an integer of 5001 digits is outside of float32"),
]


@pytest.mark.parametrize(("event", "sentence"), DIRECT)
def test_a_bad_direct_invocation_returns_its_error(event: Any, sentence: str, load_model: Callable[..., Model]) -> None:
    answer = events.answer(load_model("dense"), event)
    assert list(answer) == ["error"]
    assert sentence in answer["error"]
    answer["error"].encode()  # the runtime does, and must not fail


def test_bodies_that_are_not_text(load_model: Callable[..., Model]) -> None:
    model = load_model("dense")
    for body, more, sentence in (
        ("/w==", {"isBase64Encoded": True}, "the body is not UTF-8 text"),
        ("not base64", {"isBase64Encoded": True}, "the body is not valid base64, although the event says so"),
        ("ü", {"isBase64Encoded": True}, "the body is not valid base64, although the event says so"),
        (None, {}, "the body is empty"),
        (5, {}, "the body is empty"),
    ):
        response = events.answer(model, http(body, **more))
        assert response["statusCode"] == 400
        assert sentence in json.loads(response["body"])["error"]


def test_a_large_base64_body_is_refused_before_it_is_decoded(load_model: Callable[..., Model]) -> None:
    response = events.answer(load_model("dense"), http("A" * 8_400_000, isBase64Encoded=True))
    assert response["statusCode"] == 413


@pytest.mark.fault
def test_an_answer_that_lambda_cannot_return_is_refused(
    load_model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small numbers in, long ones out: the request is within the limit, the answer is not. Lambda's 6 MB take seconds.
    monkeypatch.setattr(rest, "LARGEST_BODY", 15_000)
    model = load_model("cast_uint8")
    body = {"instances": [[1, 3, 5]] * 450}
    response = events.answer(model, http(json.dumps(body, separators=(",", ":"))))
    assert response["statusCode"] == 413
    assert "the answer is larger than the 15000 bytes that Lambda can return" in json.loads(response["body"])["error"]
    assert "the answer is larger" in events.answer(model, body)["error"]
    body["instances"] = body["instances"][:200]
    assert len(events.answer(model, body)["predictions"]) == 200


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        pytest.param({"predictions": [[0.5]], "classes": [[{"label": "x" * 90, "score": 0.5}]]}, 100, id="class names"),
        pytest.param(
            {"predictions": [{"probability_of_the_first_class": -0.20000000298023224, "b": 2}]}, 200, id="output names"
        ),
        pytest.param({"predictions": [[[[[[-2.2250738585072014e-308]]]]]]}, 300, id="brackets"),
    ],
)
def test_a_direct_answer_is_measured_by_its_text_and_not_by_its_numbers(
    load_model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], rows: int
) -> None:
    answer = {name: value * rows for name, value in answer.items()}
    monkeypatch.setattr(events, "predict", lambda *_, **__: answer)
    size = len(json.dumps(answer))  # as Lambda's own encoder writes it

    monkeypatch.setattr(rest, "LARGEST_BODY", size)
    assert events.answer(load_model("dense"), {}) == answer
    monkeypatch.setattr(rest, "LARGEST_BODY", size - 1)
    assert "the answer is larger" in events.answer(load_model("dense"), {})["error"]


def test_an_http_answer_is_measured_as_the_text_in_json_that_lambda_makes_of_it(
    load_model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each quotation mark and backslash takes two characters.
    answer = {"predictions": [{'"a"': 0.5, "b\\": 0.5}] * 2000}
    monkeypatch.setattr(events, "predict", lambda *_, **__: answer)
    model, request = load_model("dense"), http('{"instances": [[1, 2, 3, 4]]}')
    whole = len(json.dumps(events.answer(model, request)))

    for largest in range(whole - 2000, whole, 50):
        monkeypatch.setattr(rest, "LARGEST_BODY", largest)
        assert events.answer(model, request)["statusCode"] == 413
    monkeypatch.setattr(rest, "LARGEST_BODY", whole + 1024)
    assert events.answer(model, request)["statusCode"] == 200


def test_a_base64_body_is_measured_by_its_bytes(
    load_model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b'{"instances": [[1, 2, 3, 4]]}' + b" " * 30_000
    encoded = http(base64.b64encode(body).decode(), isBase64Encoded=True)

    monkeypatch.setattr(rest, "LARGEST_BODY", len(body) + 3)
    assert events.answer(load_model("dense"), encoded)["statusCode"] == 200
    monkeypatch.setattr(rest, "LARGEST_BODY", len(body) - 3)
    refused = events.answer(load_model("dense"), encoded)
    assert refused["statusCode"] == 413
    assert "the body has" in refused["body"]


def test_a_string_with_line_breaks_is_reported_in_one_line(load_model: Callable[..., Model]) -> None:
    from model_server import events

    answer = events.answer(load_model("signatures"), {"data": ["a\nb\x17", 1]})
    assert 'the string "a?b?" stands where a number belongs' in answer["error"]
    assert "\n" not in answer["error"]
