"""The answers that TensorFlow Serving 2.20 gave (records/answers.json), which contract and stand-in have, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from running_server import Server

_HERE = Path(__file__).parent
_CONTRACT = _HERE.parents[1] / "test" / "contract"
ANSWERS: list[dict[str, Any]] = json.loads((_HERE / "records" / "answers.json").read_text())
CASES: list[dict[str, Any]] = json.loads((_CONTRACT / "cases.json").read_text(encoding="utf-8"))


def body_of(record: dict[str, Any]) -> bytes | None:
    """Return the body of a request: a text, hexadecimal bytes, or parts with how often each is repeated."""
    if "bodyHex" in record:
        return bytes.fromhex(record["bodyHex"])
    if "bodyParts" in record:
        return "".join(text * times for text, times in record["bodyParts"]).encode()
    return record["body"].encode() if "body" in record else None


def identify(record: dict[str, Any]) -> str:
    text = (body_of(record) or b"").decode("utf-8", "backslashreplace")
    return f"{record['method']} {record['path']} {text[:60]}".strip()


RECORDED = {
    (each["method"], each["path"], body_of(each)): each
    for each in ANSWERS
    if "Content-Encoding" not in each.get("headers", {})
}


def assert_equal(found: Any, expected: Any) -> None:
    """Compare values, floats as float32: TensorFlow Serving writes them otherwise."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert_equal(found[key], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for value, other in zip(found, expected, strict=True):
            assert_equal(value, other)
    elif isinstance(expected, float):
        assert isinstance(found, float)
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(np.float32(found), np.float32(expected))
    else:
        assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize("case", CASES, ids=identify)
def test_a_case_of_the_contract_has_the_recorded_answer_or_names_the_difference(case: dict[str, Any]) -> None:
    """docs/rest-api.md explains the differences."""
    expected = case.get("tensorflowServing", case)
    record = RECORDED[case["method"], case["path"], body_of(case)]

    assert record["status"] == expected["status"]
    if "answer" in expected and "text" in record:
        assert_equal(json.loads(record["text"]), json.loads(expected["answer"]))


NOT_COPIED = {
    "GET /v1/models/zoo/labels/stable",
    "HEAD /v1/models/zoo",
    "GET /monitoring/prometheus/metrics?x=1",
    *(
        f"POST /v1/models/zoo:predict {body}"
        for body in (
            '{"instances":[[1,2]]} x',
            '{"instances":[[Inf,1]]}',
            '{"instances":[[1,2]],"instances":[[3,4]]}',
            '{"signature_name": "text", "instances": [{"s": "a"}, {"s": {',
            '{"signature_name": "text", "instances": [{"b64": "/w=="}]}',
            '{"signature_name": "raw", "instances": [{"b64": "YWI"}]}',
            '{"signature_name": "byte", "instances": [256]}',
            '{"signature_name": "small", "instances": [128]}',
            '{"signature_name": "i16", "instances": [40000]}',
            '{"signature_name": "ident", "instances": [0.1, 0.33333333333',
        )
    ),
}
"""Requests that no test sends to the stand-in: labels, RapidJSON's own readings of JSON, integers that wrap."""


@pytest.mark.parametrize(
    "record", [each for each in ANSWERS if identify(each) not in NOT_COPIED and "headers" not in each], ids=identify
)
def test_the_stand_in_answers_as_recorded(zoo: Server, record: dict[str, Any]) -> None:
    status, content_type, content = zoo.ask(record["method"], record["path"], body_of(record))

    assert (status, content_type) == (record["status"], record["contentType"])
    if "text" in record and content_type == "application/json":
        assert_equal(json.loads(content), json.loads(record["text"]))
    elif status >= 400 and content_type == "application/json":
        assert list(json.loads(content)) == ["error"]
