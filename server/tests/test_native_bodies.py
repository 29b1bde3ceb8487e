"""The Python handler's tables of requests, sent to the native program: same answers, same sentences."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import test_rest_routes
from test_bad_requests import DIRECT, TEXTS, http
from test_front_door_events import BODY as EVENT_BODY
from test_front_door_events import EVENTS
from test_predict_bodies import BODIES
from test_rest_routes import BODY, DOORS, function_url

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = Callable[[str, Any], Any]

NOT_JSON = "the body is not JSON: "
PATHS = ("tiny:predict", "tiny/versions/3:predict", "tiny/versions/03:predict", "tiny%3Apredict")
NOT_THERE = test_rest_routes.TestEveryFrontDoor.test_an_unknown_path_name_or_method_is_refused.pytestmark[0].args[1]
#: Problems of values that can be passed to a Python function, and not be sent: half a character, and 5000 digits.
NO_EVENTS = ('the string "?" stands where a number belongs', "an integer of 5001 digits is outside of float32")
#: Numbers in a request, and the shortest text of twice each.
SHORTEST = [
    ("1", "2.0"),
    ("0.05", "0.1"),
    ("-0.0", "-0.0"),
    ("5e8", "1000000000.0"),
    ("1e-30", "2e-30"),
    ("8388608.5", "16777217.0"),
]


@pytest.mark.parametrize(("name", "body", "expected"), BODIES)
def test_the_answer_has_the_form_of_the_request(name: str, body: Any, expected: Any, answer: Answer) -> None:
    assert answer(name, body) == expected


@pytest.mark.parametrize(("name", "text", "status", "sentence"), TEXTS)
def test_a_bad_body_gets_an_error_of_one_sentence(
    name: str, text: str, status: int, sentence: str, answer: Answer
) -> None:
    response = answer(name, http(text))
    error = json.loads(response["body"])["error"]
    # Where a text stops to be JSON is said in the words of the reader that each program has.
    assert (NOT_JSON if sentence.startswith(NOT_JSON) else sentence) in error
    assert response["statusCode"] == status
    assert "\n" not in error
    assert len(error) < 600


@pytest.mark.parametrize(("event", "sentence"), [case for case in DIRECT if case[1] not in NO_EVENTS])
def test_a_bad_direct_invocation_returns_its_error(event: Any, sentence: str, answer: Answer) -> None:
    result = answer("dense", event)
    assert list(result) == ["error"]
    assert sentence in result["error"]


def test_half_a_surrogate_pair_is_not_text(answer: Answer) -> None:
    assert answer("dense", {"data": ["\ud800", 1, 1, 1]})["error"].startswith("the event is not JSON")
    response = answer("dense", http('{"instances": ["\ud800"]}'))
    assert (response["statusCode"], json.loads(response["body"])) == (
        400,
        {"error": "the request has half a surrogate pair, which is no text"},
    )


@pytest.mark.parametrize(
    ("body", "more", "sentence"),
    [
        ("/w==", {"isBase64Encoded": True}, "the body is not UTF-8 text"),
        ("/9j/4AA=", {"isBase64Encoded": True}, "the body is an image; send it with a Content-Type such as image/jpeg"),
        ("not base64", {"isBase64Encoded": True}, "the body is not valid base64, although the event says so"),
        ("ü", {"isBase64Encoded": True}, "the body is not valid base64, although the event says so"),
        (None, {}, "the body is empty"),
        (5, {}, "the body is empty"),
    ],
)
def test_bodies_that_are_not_text(body: Any, more: dict[str, Any], sentence: str, answer: Answer) -> None:
    response = answer("dense", http(body, **more))
    assert response["statusCode"] == 400
    assert sentence in json.loads(response["body"])["error"]


def test_a_large_base64_body_is_refused_before_it_is_decoded(answer: Answer) -> None:
    assert answer("dense", http("A" * 8_400_000, isBase64Encoded=True))["statusCode"] == 413


def test_an_answer_that_lambda_cannot_return_is_refused(answer: Answer) -> None:
    # Small numbers in, long ones out: the request is within the limit, the answer is not.
    row = "[1,3,5]"
    body = '{"instances":[' + ",".join([row] * 190_000) + "]}"
    sentence = "the answer is larger than the 6291456 bytes that Lambda can return; send fewer rows"
    response = answer("cast_uint8", http(body))
    assert (response["statusCode"], json.loads(response["body"])["error"]) == (413, sentence)
    assert answer("cast_uint8", body.encode()) == {"error": sentence}
    few = '{"instances":[' + ",".join([row] * 2000) + "]}"
    assert len(answer("cast_uint8", few.encode())["predictions"]) == 2000


def test_a_string_with_line_breaks_is_reported_in_one_line(answer: Answer) -> None:
    error = answer("signatures", {"data": ["a\nb\x17", 1]})["error"]
    assert 'the string "a?b?" stands where a number belongs' in error
    assert "\n" not in error


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
@pytest.mark.parametrize("encoded", [False, True], ids=["text", "base64"])
def test_every_front_door_gets_the_prediction(event: dict[str, Any], encoded: bool, answer: Answer) -> None:
    if encoded:
        event = {**event, "body": base64.b64encode(EVENT_BODY.encode()).decode(), "isBase64Encoded": True}
    response = answer("signatures", event)
    assert (response["statusCode"], response["isBase64Encoded"]) == (200, False)
    assert json.loads(response["body"]) == {"predictions": [[2.0, 4.0]]}
    assert all(isinstance(value, str) for value in response["headers"].values())


@pytest.mark.parametrize("door", DOORS)
class TestRoutes:
    def call(self, answer: Answer, model: str, event: dict[str, Any]) -> tuple[int, Any]:
        response = answer(model, event)
        assert response["headers"]["content-type"] == "application/json"
        assert response["isBase64Encoded"] is False
        return response["statusCode"], json.loads(response["body"])

    @pytest.mark.parametrize(
        "path", ["tiny:predict", "tiny/versions/3:predict", "tiny/versions/03:predict", "tiny%3Apredict"]
    )
    def test_predict(self, door: Any, path: str, answer: Answer) -> None:
        event = door("POST", f"/v1/models/{path}", BODY)
        assert self.call(answer, "signatures", event) == (200, {"predictions": [[2.0, 4.0]]})

    @pytest.mark.parametrize("path", ["/v1/models/tiny", "/v1/models/tiny/versions/3"])
    def test_status(self, door: Any, path: str, answer: Answer) -> None:
        status = {"version": "3", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        assert self.call(answer, "dense", door("GET", path)) == (200, {"model_version_status": [status]})

    @pytest.mark.parametrize("name", ["two", "int8", "signatures", "audio"])
    def test_metadata_is_that_of_the_python_handler(
        self, door: Any, name: str, models: dict[str, str], answer: Answer
    ) -> None:
        from model_server import description, rest

        described: Any = SimpleNamespace(description=description.read(models[name]))
        expected = rest.respond(described, "GET", "/v1/models/tiny/metadata", lambda: None)
        assert self.call(answer, name, door("GET", "/v1/models/tiny/metadata")) == (200, expected)

    @pytest.mark.parametrize(("method", "path", "status", "sentence"), NOT_THERE)
    def test_an_unknown_path_name_or_method_is_refused(
        self, door: Any, method: str, path: str, status: int, sentence: str, answer: Answer
    ) -> None:
        answered, body = self.call(answer, "dense", door(method, path, BODY))
        assert answered == status
        assert sentence in body["error"]


def test_a_wrong_method_gets_the_right_one(answer: Answer) -> None:
    assert answer("dense", function_url("GET", "/v1/models/tiny:predict"))["headers"]["allow"] == "POST"


def test_nan_and_infinity_are_written_as_the_server_writes_them(answer: Answer) -> None:
    event = function_url("POST", "/v1/models/tiny:predict", '{"instances": [[NaN, -Infinity], [Infinity, 0]]}')
    assert answer("signatures", event)["body"] == '{"predictions":[[NaN,-Infinity],[Infinity,0.0]]}'


def test_a_byte_order_mark_and_white_space_are_ignored(answer: Answer) -> None:
    event = function_url("POST", "/v1/models/tiny:predict", f"\ufeff\r\n {BODY} \n")
    assert answer("signatures", event)["statusCode"] == 200


UNKNOWN_CONTEXTS: tuple[Any, ...] = (None, "x", {}, {"http": {}}, {"http": 1})


@pytest.mark.parametrize("event", [{"requestContext": value} for value in UNKNOWN_CONTEXTS])
def test_an_http_event_of_an_unknown_format_is_a_bad_request(event: Any, answer: Answer) -> None:
    response = answer("dense", event)
    assert response["statusCode"] == 400
    assert "no HTTP request of a Function URL, an HTTP API or a REST API" in response["body"]


def test_the_name_of_the_signature_may_follow_the_values(answer: Answer) -> None:
    event = b'{"instances": [[1, 2]], "signature_name": "triple"}'
    assert answer("signatures", event) == {"predictions": [{"size": [1.0], "y": [3.0, 6.0]}]}


@pytest.mark.parametrize(("sent", "written"), SHORTEST)
def test_a_number_is_written_in_the_shortest_form_that_shows_a_float32(
    sent: str, written: str, serve: Callable[[str], Any]
) -> None:
    body = serve("signatures").invoke(f'{{"data": [{sent}, 0]}}'.encode()).body.decode()
    found = body.removeprefix('{"prediction":[[').split(",")[0]
    assert np.float32(found) == np.float32(written)
    assert "." in found or "e" in found
    assert len(found) <= len(written)


def test_numbers_are_rounded_to_float32_through_float64(answer: Answer) -> None:
    # Read straight as float32 it would be the next value above 1.
    assert answer("signatures", b'{"data": [1.00000005960464477540, 0]}') == {"prediction": [[2.0, 0.0]]}
