"""Faults between a deployment and its build: wrong clocks, a bucket that answers for some keys only, hands in it."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from codebuild_answers import answered, build, listed
from index import is_complete, on_event
from model_builds import aws
from model_builds.errors import ModelError
from published_models import BUCKET, BUILD_ID, KEY, PREFIX, build_event, compatibility_properties, publish
from test_is_complete import waiting
from test_on_event import started

if TYPE_CHECKING:
    from botocore.stub import Stubber
    from conftest import Clock
    from mypy_boto3_s3 import S3Client

DAY = 86_400


class FailingKey:
    """A method of S3's client that fails for one key, and does what it does for all others."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str, key: str, error: Exception) -> None:
        self.asked = 0
        self._does, self._key, self._error = getattr(aws.s3(), method), key, error
        monkeypatch.setattr(aws.s3(), method, self)

    def __call__(self, **request: Any) -> Any:
        if request["Key"] != self._key:
            return self._does(**request)
        self.asked += 1
        raise self._error


def restarted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the handlers as a new process has them, without anything that they remember. AWS stays the same."""
    for name in [*sys.modules]:
        if name == "index" or (name.split(".")[0] == "model_builds" and name != aws.__name__):
            monkeypatch.delitem(sys.modules, name)
    return importlib.import_module("index")


def refused_by_s3(code: str, status: int) -> ClientError:
    details: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(details, "GetObject")


@pytest.mark.fault
@pytest.mark.parametrize("wrong", [DAY, -DAY])
def test_a_clock_that_is_wrong_by_a_day_changes_nothing(
    s3: S3Client, codebuild: Stubber, clock: Clock, wrong: int
) -> None:
    clock.now += wrong
    listed(codebuild)
    codebuild.add_response("start_build", *started())
    event = build_event() | on_event(build_event(), None)
    answered(codebuild, build("IN_PROGRESS"))
    assert is_complete(event, None) == {"IsComplete": False}

    clock.now += 60
    record = publish(s3)
    answered(codebuild, build("SUCCEEDED"))

    assert is_complete(event, None) == {"IsComplete": True, "Data": record}


@pytest.mark.fault
def test_a_clock_that_jumps_ahead_stops_the_build_with_its_reason(codebuild: Stubber, clock: Clock) -> None:
    event = waiting(clock)
    clock.now += DAY
    answered(codebuild, build("IN_PROGRESS"))
    codebuild.add_response("stop_build", {}, {"id": BUILD_ID})

    with pytest.raises(ModelError, match="had not ended 56 minutes after it was asked for, and it was stopped"):
        is_complete(event, None)


@pytest.mark.fault
@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_published_version_counts_whatever_the_time(
    s3: S3Client, codebuild: Stubber, clock: Clock, jump: int
) -> None:
    event = waiting(clock)
    clock.now += jump
    record = publish(s3)
    answered(codebuild, build("SUCCEEDED"))

    assert is_complete(event, None) == {"IsComplete": True, "Data": record}


@pytest.mark.fault
@pytest.mark.parametrize(
    "error", [refused_by_s3("InternalError", 500), refused_by_s3("SlowDown", 503), ReadTimeoutError(endpoint_url="s3")]
)
def test_one_key_that_cannot_be_read_is_read_later(
    s3: S3Client, codebuild: Stubber, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    record = publish(s3)
    with monkeypatch.context() as patched:
        failing = FailingKey(patched, "get_object", record["ManifestKey"], error)
        answered(codebuild, build("SUCCEEDED"))
        assert is_complete(waiting(), None) == {"IsComplete": False}
        assert failing.asked == 1

    answered(codebuild, build("SUCCEEDED"))
    assert is_complete(waiting(), None) == {"IsComplete": True, "Data": record}


@pytest.mark.fault
def test_one_key_that_stays_denied_ends_in_a_sentence(
    s3: S3Client, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = publish(s3)
    FailingKey(monkeypatch, "get_object", record["ManifestKey"], refused_by_s3("AccessDenied", 403))
    event = build_event() | {"ResourceProperties": compatibility_properties(record)}

    with pytest.raises(ModelError, match=r"^GetObject failed: AccessDenied: no$"):
        on_event(event, None)
    assert sum(clock.slept) == pytest.approx(60)


@pytest.mark.fault
def test_foreign_objects_below_the_prefix_are_left_alone(s3: S3Client, codebuild: Stubber) -> None:
    names = ["README.md", f"keys/{KEY}/", f"keys/{KEY}/0.json", f"keys/{KEY}/01.json", f"keys/{KEY}/-1.json"]
    names += [f"keys/{KEY}/1.json.bak", f"keys/{KEY}/2/1.json", "litert/1/notes.txt", "litert/", "claims/9999999"]
    for name in names:
        s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{name}", Body=b"{}")
    record = publish(s3)

    assert on_event(build_event(), None)["Data"] == record
    listed(codebuild)
    on_event(build_event(request_type="Delete", PhysicalResourceId="id"), None)

    found = {item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{PREFIX}/")["Contents"]}
    assert {f"{PREFIX}/{name}" for name in names} <= found


@pytest.mark.fault
@pytest.mark.parametrize("file", ["layer.zip", "model.tflite", "SHA256SUMS", "manifest.json"])
def test_a_version_that_lost_a_file_by_hand_is_not_served(s3: S3Client, codebuild: Stubber, file: str) -> None:
    record = publish(s3)
    s3.delete_object(Bucket=BUCKET, Key=record["KeyPrefix"] + file)
    answered(codebuild, build("SUCCEEDED"))

    with pytest.raises(ModelError, match="is not complete: somebody has deleted files of this model"):
        is_complete(waiting(), None)


@pytest.mark.fault
def test_a_version_that_lost_a_file_is_built_again(s3: S3Client, codebuild: Stubber, clock: Clock) -> None:
    s3.delete_object(Bucket=BUCKET, Key=publish(s3)["LayerKey"])
    listed(codebuild)
    codebuild.add_response("start_build", *started())

    assert on_event(build_event(), None)["Build"]["Id"] == BUILD_ID


@pytest.mark.fault
@pytest.mark.parametrize(
    "content", [b"", b'{"Version": "1"', b"[]", b"{}", b"null", b"\xff\xfe", b'{"ManifestKey": 7}']
)
def test_a_damaged_record_is_no_record(s3: S3Client, codebuild: Stubber, clock: Clock, content: bytes) -> None:
    publish(s3, record=False)
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/keys/{KEY}/1.json", Body=content)
    listed(codebuild)
    codebuild.add_response("start_build", *started())

    assert on_event(build_event(), None)["Build"]["Id"] == BUILD_ID


@pytest.mark.fault
def test_an_event_that_comes_late_builds_nothing(s3: S3Client, codebuild: Stubber, clock: Clock) -> None:
    listed(codebuild)
    codebuild.add_response("start_build", *started())
    assert "Build" in on_event(build_event(), None)
    record = publish(s3)

    assert on_event(build_event(), None)["Data"] == record


@pytest.mark.fault
def test_a_waiter_that_is_restarted_goes_on(
    s3: S3Client, codebuild: Stubber, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(codebuild)
    codebuild.add_response("start_build", *started())
    event = build_event() | json.loads(json.dumps(on_event(build_event(), None)))
    answered(codebuild, build("IN_PROGRESS"))
    assert restarted(monkeypatch).is_complete(event, None) == {"IsComplete": False}
    answered(codebuild, build("SUCCEEDED"))
    record = publish(s3)

    assert restarted(monkeypatch).is_complete(event, None)["Data"] == record


@pytest.mark.fault
def test_events_out_of_order_leave_no_build(s3: S3Client, codebuild: Stubber, clock: Clock) -> None:
    from codebuild_answers import of_key

    listed(codebuild, of_key(KEY, clock.now))
    codebuild.add_response("stop_build", {}, {"id": BUILD_ID})
    on_event(build_event(request_type="Delete", PhysicalResourceId="id"), None)

    late = build_event(request_type="Delete", PhysicalResourceId="id", Build={"Id": BUILD_ID, "Key": KEY, "Started": 0})
    assert is_complete(late, None) == {"IsComplete": True}


@pytest.mark.fault
def test_an_outcome_of_any_size_becomes_a_message_that_cloudformation_takes(s3: S3Client, codebuild: Stubber) -> None:
    candidates = [{"name": f"c{number}", "status": "rejected", "reason": "r" * 5_000} for number in range(1_000)]
    outcome = {"exitCode": 3, "sentence": "s" * 5_000_000, "candidates": candidates}
    key = f"{PREFIX}/builds/{BUILD_ID.partition(':')[2]}/outcome.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(outcome).encode())
    answered(codebuild, build("FAILED"))

    with pytest.raises(ModelError) as caught:
        is_complete(waiting(), None)
    assert len(str(caught.value).encode()) <= 2_500
    assert "\nBuild: https://" in str(caught.value)
