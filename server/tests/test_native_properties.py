"""Whatever a client sends: an answer or a sentence, never a fault; and the answer that the Python handler gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_server import events, load
from test_request_properties import JUNK, MODELS, bodies, check_numbers, check_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from model_server import Model
    from stand_in_runtime_api import Function

#: Number of bodies for each model. Each body is sent twice: directly, and through an HTTP front door.
EXAMPLES = 100
assert len(MODELS) * EXAMPLES * 2 >= 2000
FUNCTION_URL = {"rawPath": "/v1/models/tiny:predict", "requestContext": {"http": {"method": "POST"}}}


@pytest.fixture(scope="session")
def python(models: dict[str, str]) -> Iterator[Callable[[str], Model]]:
    loaded: dict[str, Model] = {}

    def get(name: str) -> Model:
        if name not in loaded:
            loaded[name] = load(models[name])
        return loaded[name]

    yield get
    for model in loaded.values():
        model.close()


def alike(found: Any, expected: Any) -> bool:
    """Equality of numbers as float32: the two programs run different builds of LiteRT's kernels."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(alike(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(alike, found, expected))
    if isinstance(expected, float):
        close = np.isclose(np.float32(found), np.float32(expected), rtol=1e-5, atol=1e-6, equal_nan=True)
        return isinstance(found, float) and bool(close)
    return type(found) is type(expected) and found == expected


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_a_body_gets_the_answer_of_the_python_handler_or_a_sentence(
    data: st.DataObject, name: str, serve: Callable[[str], Function], python: Callable[[str], Model]
) -> None:
    function, model = serve(name), python(name)
    body = data.draw(bodies(model) | bodies(model) | bodies(model) | JUNK)
    posted = function.invoke(body)
    assert posted.where == "response"
    expected = events.answer(model, body)
    if "error" in posted.value:
        check_sentence(posted.value["error"])
        assert "error" in expected
    else:
        check_numbers(next(iter(posted.value.values())))
        assert alike(posted.value, expected)

    response = function.invoke({**FUNCTION_URL, "body": json.dumps(body)}).value
    answered = json.loads(response["body"])
    assert response["statusCode"] in {200, 400, 413}
    if response["statusCode"] != 200:
        check_sentence(answered["error"])
    elif isinstance(body, dict) and "data" not in body:
        assert json.dumps(answered) == json.dumps(posted.value)


@settings(max_examples=300)
@given(
    text=st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")),
    path=st.text(max_size=20)
    | st.sampled_from(["/v1/models/tiny:predict", "/v1/models/tiny", "/v1/models/tiny/metadata"]),
    method=st.sampled_from(["GET", "POST", "PUT", "", "ä"]),
    encoded=st.booleans(),
)
def test_any_text_at_any_path_gets_an_answer_or_a_sentence(
    text: str, path: str, method: str, encoded: bool, serve: Callable[[str], Function]
) -> None:
    for event in (
        {"rawPath": path, "requestContext": {"http": {"method": method}}, "body": text, "isBase64Encoded": encoded},
        {"path": path, "httpMethod": method, "requestContext": {}, "body": text, "isBase64Encoded": encoded},
    ):
        response = serve("dense").invoke(event).value
        assert 200 <= response["statusCode"] < 500
        if response["statusCode"] != 200:
            check_sentence(json.loads(response["body"])["error"])


@settings(max_examples=300)
@given(event=JUNK | st.dictionaries(st.sampled_from(["requestContext", "rawPath", "path", "httpMethod", "body"]), JUNK))
def test_any_event_gets_an_answer(event: Any, serve: Callable[[str], Function]) -> None:
    answer = serve("dense").invoke(event)
    assert answer.where == "response"
    assert answer.value.get("statusCode", 400) < 500
