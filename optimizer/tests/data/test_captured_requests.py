from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import jsonschema
import pytest
from moto import mock_aws
from pydantic import ValidationError
from tensorflow_optimizer.data import CapturedCount, newest_files, newest_requests
from tensorflow_optimizer.documents.captured_request import CapturedRequest
from tensorflow_optimizer.documents.export_schemas import schema_texts
from tensorflow_optimizer.storage.captured_objects import newest_objects
from tensorflow_optimizer.storage.s3 import Bucket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA = json.loads(schema_texts()["captured-request.schema.json"])


def record(number: int = 0, **members: Any) -> dict[str, Any]:
    return {
        "schemaVersion": 1,
        "time": f"2026-11-28T08:30:{number:02}Z",
        "modelName": "digits",
        "modelVersion": 1764318000123,
        "signatureName": "serving_default",
        "request": {"instances": [[number]]},
        "answer": {"predictions": [[0.5]]},
        **members,
    }


def lines(*records: dict[str, Any] | str) -> bytes:
    texts = [entry if isinstance(entry, str) else json.dumps(entry) for entry in records]
    return gzip.compress("".join(f"{text}\n" for text in texts).encode())


def numbers(*contents: bytes, limit: int = 100, count: CapturedCount | None = None) -> list[int]:
    found = newest_requests(contents, limit, count or CapturedCount())
    return [captured.request["instances"][0][0] for captured in found]


class TestDocument:
    @pytest.mark.parametrize(
        ("request_body", "answer"),
        [
            ({"instances": [1]}, {"predictions": [2], "classes": []}),
            ({"inputs": {"x": [1]}, "signature_name": "other"}, {"outputs": [2]}),
            ({"data": 1}, {"prediction": 2}),
        ],
    )
    def test_it_is_a_request_with_its_answer(self, request_body: Any, answer: Any) -> None:
        captured = CapturedRequest.model_validate(record(request=request_body, answer=answer))
        line = captured.to_line()
        assert json.loads(line) == record(request=request_body, answer=answer)
        assert line.count("\n") == 1
        jsonschema.validate(json.loads(line), SCHEMA)

    @pytest.mark.parametrize(
        "members",
        [
            {"request": {"instances": [1], "inputs": [1]}},
            {"request": {}},
            {"answer": {"outputs": [1]}},
            {"schemaVersion": 2},
            {"time": "2026-11-28T08:30:00"},
            {"modelVersion": 0},
            {"caller": "someone"},
        ],
        ids=str,
    )
    def test_it_is_nothing_else(self, members: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            CapturedRequest.model_validate(record(**members))


class TestReading:
    def test_the_newest_come_first(self) -> None:
        assert numbers(lines(record(3), record(4)), lines(record(1), record(2))) == [4, 3, 2, 1]

    def test_no_more_objects_are_read_than_needed(self) -> None:
        def contents() -> Iterator[bytes]:
            yield lines(record(3), record(4))
            raise AssertionError("the limit was reached")

        count = CapturedCount()
        assert [newest_request.request for newest_request in newest_requests(contents(), 1, count)] == [
            {"instances": [[4]]}
        ]
        assert count == CapturedCount(objects=1, requests=1)

    def test_lines_that_are_no_captured_request_are_counted(self) -> None:
        count = CapturedCount()
        broken = ["not JSON", "[]", "[" * 100_000, json.dumps(record(9, schemaVersion=2)), ""]
        assert numbers(lines(record(1), *broken, record(2)), count=count) == [2, 1]
        assert count == CapturedCount(objects=1, requests=2, unreadable=4)

    def test_several_objects_in_a_line_are_separated(self) -> None:
        assert numbers(lines(json.dumps(record(1)) + json.dumps(record(2)))) == [2, 1]

    def test_an_object_that_is_cut_off_is_read_as_far_as_it_goes(self) -> None:
        count = CapturedCount()
        whole = gzip.compress(b"".join(json.dumps(record(entry % 60)).encode() + b"\n" for entry in range(600)), 0)
        assert 0 < len(numbers(whole[: len(whole) // 2], limit=1000, count=count)) < 600
        assert count.unreadable >= 1

    def test_a_damaged_object_does_not_hide_the_others(self) -> None:
        count = CapturedCount()
        damaged = lines(record(1))[:10] + b"\xff" * 40
        assert numbers(damaged, lines(record(2)), count=count) == [2]
        assert count == CapturedCount(objects=2, requests=1, unreadable=1)

    def test_an_object_without_compression_is_read(self) -> None:
        assert numbers(gzip.decompress(lines(record(1)))) == [1]

    def test_a_folder_is_read_by_the_hours_in_its_paths(self, tmp_path: Path) -> None:
        for number, hour in enumerate(["2026/01/31/23", "2026/02/01/00", "2026/02/01/10"]):
            folder = tmp_path / "digits" / hour
            folder.mkdir(parents=True)
            (folder / "stream-1.gz").write_bytes(lines(record(number)))
        assert numbers(*newest_files(tmp_path)) == [2, 1, 0]


@pytest.fixture
def captures(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client with a capture bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="captures")
        yield client


class TestBucket:
    DAY = (datetime(2026, 11, 28, 0, tzinfo=UTC), datetime(2026, 11, 28, 23, tzinfo=UTC))

    def test_objects_of_a_period_are_read_from_the_newest(self, captures: Any) -> None:
        hours = ["2026/11/26/23", "2026/11/27/00", "2026/11/27/09", "2026/11/28/08", "2026/11/28/09"]
        for number, hour in enumerate(hours):
            captures.put_object(Bucket="captures", Key=f"digits/{hour}/stream-1.gz", Body=lines(record(number)))
        captures.put_object(Bucket="captures", Key="digits-2/2026/11/28/08/stream-1.gz", Body=lines(record(59)))
        since, until = (datetime(2026, 11, day, hour, 59, tzinfo=UTC) for day, hour in ((27, 0), (28, 8)))
        assert numbers(*newest_objects(Bucket("captures", captures), "digits", since, until)) == [3, 2, 1]

    def test_an_object_is_read_that_grew_while_firehose_could_not_write(self, captures: Any) -> None:
        large = json.dumps(record(1)).encode() + b" " * (17 << 20)
        captures.put_object(Bucket="captures", Key="digits/2026/11/28/08/stream-1", Body=large)
        assert numbers(*newest_objects(Bucket("captures", captures), "digits", *self.DAY)) == [1]

    def test_an_object_that_expires_while_others_are_read_is_left_out(self, captures: Any) -> None:
        for number, hour in enumerate(["07", "08", "09"]):
            key = f"digits/2026/11/28/{hour}/stream-1.gz"
            captures.put_object(Bucket="captures", Key=key, Body=lines(record(number)))
        objects = newest_objects(Bucket("captures", captures), "digits", *self.DAY)
        first = next(objects)
        captures.delete_object(Bucket="captures", Key="digits/2026/11/28/08/stream-1.gz")
        assert numbers(first, *objects) == [2, 0]
