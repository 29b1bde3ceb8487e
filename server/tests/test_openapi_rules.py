"""The rules that no schema of openapi.json can say: a body that the schemas allow is refused without them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from native_fronts import event_of
from rules import keep_rules
from tensorflow_optimizer.documents.manifest import ModelDescription
from tensorflow_optimizer.openapi import openapi_document
from test_native_contract import zoo

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_in_runtime_api import Function

    Ask = Callable[[str, str], tuple[int, Any]]

__all__ = ["zoo"]

PREDICT, INFER = "/v1/models/zoo:predict", "/v2/models/zoo/infer"


@pytest.fixture(scope="session")
def document(zoo: str) -> Any:
    from pathlib import Path

    return openapi_document(ModelDescription.model_validate_json((Path(zoo) / "model.json").read_bytes()))


@pytest.fixture
def ask(zoo: str, start: Callable[..., Function]) -> Ask:
    """Give `ask(path, body)`, which returns status and answer."""
    function = start(zoo)

    def post(path: str, body: str) -> tuple[int, Any]:
        answer = function.invoke(event_of("POST", path, body)).value
        return answer["statusCode"], json.loads(answer["body"])

    return post


def allows(document: Any, path: str, body: Any) -> bool:
    name = "InferRequest" if path == INFER else "PredictRequest"
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return bool(Draft202012Validator(schema).is_valid(body))


def infer(signature: str, *inputs: dict[str, Any]) -> dict[str, Any]:
    return {"parameters": {"signature_name": signature}, "inputs": list(inputs)}


A = {"name": "a", "datatype": "FP32", "shape": [2, 2], "data": [[1, 2], [3, 4]]}
B = {"name": "b", "datatype": "INT32", "shape": [1], "data": [1]}
X = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2, 3, 4]}


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        (
            PREDICT,
            {"signature_name": "two", "inputs": {"a": [[1, 2], [3, 4]], "b": [1]}},
            "all inputs must have the same number of rows: 'a' has 2, 'b' has 1",
        ),
        (INFER, infer("two", A, B), "rows"),
        (INFER, infer("serving_default", X), "a list of 4 stands where a list of 2 belongs"),
        (INFER, infer("serving_default", X | {"shape": [3, 2]}), "fewer values than the 6 of its shape"),
        (PREDICT, {"signature_name": "long", "instances": [1.0]}, "1.0 stands where an integer belongs"),
        (
            INFER,
            infer("long", {"name": "x", "datatype": "INT64", "shape": [1], "data": [1.0]}),
            "1.0 stands where an integer belongs",
        ),
    ],
    ids=["equal rows", "equal rows by infer", "too many values", "too few values", "an integer", "an integer by infer"],
)
def test_a_body_is_refused_that_keeps_the_schema_but_not_the_rule(
    ask: Ask, document: Any, path: str, body: Any, sentence: str
) -> None:
    assert allows(document, path, body)
    status, answer = ask(path, json.dumps(body))
    assert (status, sentence in answer["error"]) == (400, True), answer

    kept = keep_rules(path, body)

    assert allows(document, path, kept)
    assert ask(path, json.dumps(kept))[0] == 200


def test_a_member_that_is_there_twice_is_refused(ask: Ask, document: Any) -> None:
    text = '{"instances":[[1,2]],"instances":[[3,4]]}'
    assert allows(document, PREDICT, json.loads(text))
    assert ask(PREDICT, text)[0] == 400
    text = f'{{"id": "a", "id": "b", "inputs": [{json.dumps(X | {"data": [1, 2]})}]}}'
    assert allows(document, INFER, json.loads(text))
    assert ask(INFER, text)[0] == 400


def test_words_for_numbers_that_are_not_finite_are_answered_although_they_are_not_json(ask: Ask) -> None:
    status, answer = ask(PREDICT, '{"signature_name": "ident", "instances": [NaN, Infinity, -Infinity]}')
    assert status == 200
    assert str(answer["predictions"]) == "[nan, inf, -inf]"


def test_a_body_of_too_many_bytes_is_refused(ask: Ask, document: Any) -> None:
    body = {"signature_name": "ident", "instances": [0] * 2_300_000}
    assert len(json.dumps(body)) > 6_291_456
    assert allows(document, PREDICT, {**body, "instances": body["instances"][:3]})
    assert ask(PREDICT, json.dumps(body))[0] == 413


def test_a_body_that_keeps_the_rules_stays_as_it_is() -> None:
    for path, body in (
        (PREDICT, {"inputs": {"a": [[1.5, 2]], "b": [1]}}),
        (PREDICT, {"instances": [[1.5]]}),
        (PREDICT, {"inputs": [[1]]}),
        (INFER, infer("two", A, B | {"shape": [2], "data": [1, 2]})),
    ):
        assert keep_rules(path, body) == body
