"""TensorFlow Serving's paths, through each of Lambda's event formats."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from model_server import events, rest

if TYPE_CHECKING:
    from collections.abc import Callable

    from model_server import Model

BODY = '{"instances": [[1, 2]]}'


def function_url(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        **({"body": body, "isBase64Encoded": False} if body is not None else {}),
    }


def function_url_base64(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    event = function_url(method, path, body)
    if body is not None:
        event.update(body=base64.b64encode(body.encode()).decode(), isBase64Encoded=True)
    return event


def http_api_with_a_stage(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    event = function_url(method, f"/prod{path}", body)
    event["requestContext"]["stage"] = "prod"
    return event


def http_api_with_a_stage_named_as_the_path_begins(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    event = function_url(method, path, body)  # of a domain of one's own: the stage is not in the path
    event["requestContext"]["stage"] = "v1"
    return event


def http_api_below_a_base_path(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    event = function_url(method, f"/v1/shop{path}", body)
    event["requestContext"]["stage"] = "v1"
    return event


def rest_api_below_a_base_path(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    return rest_api(method, path, body) | {"path": f"/shop/prod{path}"}


def rest_api(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "requestContext": {"stage": "prod", "path": f"/prod{path}", "httpMethod": method},
        "body": body,
        "isBase64Encoded": False,
    }


DOORS = (
    function_url,
    function_url_base64,
    http_api_with_a_stage,
    http_api_with_a_stage_named_as_the_path_begins,
    http_api_below_a_base_path,
    rest_api,
    rest_api_below_a_base_path,
)


@pytest.mark.parametrize("door", DOORS)
class TestEveryFrontDoor:
    def call(self, door: Any, model: Model, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
        response = events.answer(model, door(method, path, body))
        assert response["headers"]["content-type"] == "application/json"
        assert response["isBase64Encoded"] is False
        return response["statusCode"], json.loads(response["body"])

    @pytest.mark.parametrize(
        "path",
        [
            "/v1/models/tiny:predict",
            "/v1/models/tiny/versions/3:predict",
            "/v1/models/tiny/versions/03:predict",
            "/v1/models/tiny%3Apredict",
        ],
    )
    def test_predict(self, door: Any, path: str, load_model: Callable[..., Model]) -> None:
        assert self.call(door, load_model("signatures"), "POST", path, BODY) == (200, {"predictions": [[2.0, 4.0]]})

    @pytest.mark.parametrize("path", ["/v1/models/tiny", "/v1/models/tiny/versions/3"])
    def test_status(self, door: Any, path: str, load_model: Callable[..., Model]) -> None:
        status = {"version": "3", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        assert self.call(door, load_model("dense"), "GET", path) == (200, {"model_version_status": [status]})

    @pytest.mark.parametrize("path", ["/v1/models/tiny/metadata", "/v1/models/tiny/versions/3/metadata"])
    def test_metadata(self, door: Any, path: str, load_model: Callable[..., Model]) -> None:
        status, body = self.call(door, load_model("two"), "GET", path)
        assert status == 200
        assert body["model_spec"] == {"name": "tiny", "signature_name": "", "version": "3"}
        signature = body["metadata"]["signature_def"]["signature_def"]["serving_default"]
        assert signature["method_name"] == "tensorflow/serving/predict"
        assert signature["inputs"]["alpha"] == {
            "dtype": "DT_INT32",
            "name": "",
            "tensor_shape": {"dim": [{"size": "-1", "name": ""}, {"size": "2", "name": ""}], "unknown_rank": False},
        }
        assert sorted(signature["outputs"]) == ["doubled", "weighted"]

    def test_metadata_shows_what_clients_send_not_what_the_file_stores(
        self, door: Any, load_model: Callable[..., Model]
    ) -> None:
        _, body = self.call(door, load_model("int8"), "GET", "/v1/models/tiny/metadata")
        signature = body["metadata"]["signature_def"]["signature_def"]["serving_default"]
        assert signature["inputs"]["image"]["dtype"] == "DT_FLOAT"

    @pytest.mark.parametrize(
        ("method", "path", "status", "sentence"),
        [
            ("POST", "/", 404, "unknown path; this function answers POST /v1/models/tiny:predict, GET /v1/models/tiny"),
            ("POST", "/v1/models/", 404, "unknown model ''; this function serves 'tiny'"),
            ("POST", "/v2/models/tiny:predict", 404, "unknown path"),
            ("POST", "/v1/models/other:predict", 404, "unknown model 'other'; this function serves 'tiny'"),
            ("GET", "/v1/models/other", 404, "unknown model 'other'"),
            ("POST", "/v1/models/tiny/versions/4:predict", 404, "unknown version '4'; this function serves 3"),
            ("POST", "/v1/models/tiny/versions/x:predict", 404, "unknown version 'x'"),
            ("POST", "/v1/models/tiny/versions/³:predict", 404, "unknown version"),
            ("GET", "/v1/models/tiny/versions/0", 404, "unknown version '0'"),
            ("GET", f"/v1/models/tiny/versions/{'9' * 5000}", 404, "unknown version '9999"),
            ("GET", "/v1/models/tiny/versions", 404, "unknown path"),
            ("POST", "/v1/models/tiny/labels/stable:predict", 404, "no version labels; it serves version 3"),
            ("POST", "/v1/models/tiny/metadata:predict", 404, "unknown path"),
            ("GET", "/v1/models/tiny/status", 404, "unknown path"),
            ("POST", "/v1/models/tiny:explain", 404, "unknown verb 'explain'; use predict"),
            ("POST", "/v1/models/tiny:classify", 400, ":classify is not offered for LiteRT models; use :predict"),
            ("POST", "/v1/models/tiny:regress", 400, ":regress is not offered"),
            ("GET", "/v1/models/tiny:predict", 405, "method 'GET' is not allowed here; use POST"),
            ("POST", "/v1/models/tiny", 405, "method 'POST' is not allowed here; use GET"),
            ("DELETE", "/v1/models/tiny/metadata", 405, "use GET"),
        ],
    )
    def test_an_unknown_path_name_or_method_is_refused(
        self, door: Any, method: str, path: str, status: int, sentence: str, load_model: Callable[..., Model]
    ) -> None:
        answered, body = self.call(door, load_model("dense"), method, path, BODY)
        assert answered == status
        assert sentence in body["error"]


def test_a_wrong_method_gets_the_right_one(load_model: Callable[..., Model]) -> None:
    response = events.answer(load_model("dense"), function_url("GET", "/v1/models/tiny:predict"))
    assert response["headers"]["allow"] == "POST"


def test_nan_and_infinity_are_written_as_the_server_writes_them(load_model: Callable[..., Model]) -> None:
    event = function_url("POST", "/v1/models/tiny:predict", '{"instances": [[NaN, -Infinity], [Infinity, 0]]}')
    response = events.answer(load_model("signatures"), event)
    assert response["body"] == '{"predictions":[[NaN,-Infinity],[Infinity,0.0]]}'


def test_a_number_beyond_float64_is_infinite(load_model: Callable[..., Model]) -> None:
    """Other than in the native runtime, which refuses it: docs/rest-api.md."""
    event = function_url("POST", "/v1/models/tiny:predict", '{"instances": [[1e400, 0]]}')
    response = events.answer(load_model("signatures"), event)
    assert response["body"] == '{"predictions":[[Infinity,0.0]]}'


def test_a_byte_order_mark_and_white_space_are_ignored(load_model: Callable[..., Model]) -> None:
    event = function_url("POST", "/v1/models/tiny:predict", f"\ufeff\r\n {BODY} \n")
    assert events.answer(load_model("signatures"), event)["statusCode"] == 200


@pytest.mark.parametrize("event", [{"requestContext": value} for value in (None, "x", {}, {"http": {}}, {"http": 1})])
def test_an_http_event_of_an_unknown_format_is_a_bad_request(event: Any, load_model: Callable[..., Model]) -> None:
    response = events.answer(load_model("dense"), event)
    assert response["statusCode"] == 400
    assert "no HTTP request of a Function URL, an HTTP API or a REST API" in response["body"]


def test_metadata_says_how_many_rows_the_native_runtime_computes_at_once(
    load_model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model("signatures")
    assert "batch" not in rest.respond(model, "GET", "/v1/models/tiny/metadata", dict)["metadata"]
    batch = {"rows": 1, "least": None, "reason": "LiteRT refuses"}
    monkeypatch.setattr(model.description.signatures["triple"], "batch", batch)
    metadata = rest.respond(model, "GET", "/v1/models/tiny/metadata", dict)["metadata"]
    assert metadata["batch"] == {"triple": {"rows": 1, "reason": "LiteRT refuses"}}
