"""The stand-in for TensorFlow Serving against what TensorFlow Serving 2.20 answered (records/answers.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from running_server import Server

RECORDS = Path(__file__).parent / "records"
ANSWERS: list[dict[str, Any]] = json.loads((RECORDS / "answers.json").read_text())


def body_of(record: dict[str, Any]) -> bytes | None:
    """Return the body of a recorded request: a text, hexadecimal bytes, or parts with how often each is repeated."""
    if "bodyHex" in record:
        return bytes.fromhex(record["bodyHex"])
    if "bodyParts" in record:
        return "".join(text * times for text, times in record["bodyParts"]).encode()
    return record["body"].encode() if "body" in record else None


def identify(record: dict[str, Any]) -> str:
    text = (body_of(record) or b"").decode("utf-8", "backslashreplace")
    return f"{record['method']} {record['path']} {text[:60]}".strip()


@pytest.mark.parametrize("record", ANSWERS, ids=identify)
def test_answers_as_tensorflow_serving_did(zoo: Server, record: dict[str, Any]) -> None:
    status, content_type, content = zoo.ask(record["method"], record["path"], body_of(record), record.get("headers"))

    assert (status, content_type) == (record["status"], record["contentType"])
    if "text" in record:
        # Bytes that are no UTF-8 are written as escapes in the records.
        text = content.decode("utf-8", "backslashreplace")
        if text != record["text"]:  # TensorFlow Serving writes outputs in any order.
            assert spelled(text) == spelled(record["text"])
            assert sorted(lines_of(text)) == sorted(lines_of(record["text"]))
    elif status >= 400 and content_type == "application/json":
        assert list(json.loads(content)) == ["error"]


def spelled(text: str) -> Any:
    """Return the values of an answer, with its numbers as they are written."""
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)


def lines_of(text: str) -> list[str]:
    return [line.removesuffix(",") for line in text.split("\n")]


def test_only_the_order_of_outputs_is_free() -> None:
    answer = '{\n    "outputs": {\n        "a": 0.1,\n        "b": [\n            2.0\n        ]\n    }\n}'
    swapped = '{\n    "outputs": {\n        "b": [\n            2.0\n        ],\n        "a": 0.1\n    }\n}'

    assert (spelled(answer), sorted(lines_of(answer))) == (spelled(swapped), sorted(lines_of(swapped)))
    assert spelled(answer) != spelled(answer.replace("0.1", "0.10"))
    assert sorted(lines_of(answer)) != sorted(lines_of(answer.replace("        ]", "      ]")))
