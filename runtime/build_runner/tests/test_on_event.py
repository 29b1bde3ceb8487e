from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from codebuild_answers import listed
from conftest import answer_status
from index import on_event
from model_builds import aws
from model_builds.errors import ModelError
from published_models import BUCKET, BUILD_ID, JOB, KEY, PREFIX, PROJECT, build_event, compatibility_properties, publish

if TYPE_CHECKING:
    from conftest import Clock
    from mypy_boto3_s3 import S3Client

ROLE_UNUSABLE = "CodeBuild is not authorized to perform: sts:AssumeRole on arn:aws:iam::111122223333:role/Optimizer"


def started(
    token: str = "8f6c1a52-0000-4000-8000-000000000001", key: str = KEY
) -> tuple[dict[str, Any], dict[str, Any]]:
    """CodeBuild's answer to the request to start a build, and that request."""
    return {"build": {"id": BUILD_ID}}, {
        "projectName": PROJECT,
        "idempotencyToken": token,
        "environmentVariablesOverride": [
            {"name": "MODEL_PREFIX", "value": PREFIX, "type": "PLAINTEXT"},
            {"name": "BUILD_KEY", "value": key, "type": "PLAINTEXT"},
        ],
    }


def object_keys(s3: S3Client) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_starts_a_build_of_the_job_that_it_has_written(s3: S3Client, codebuild: Stubber, clock: Clock) -> None:
    listed(codebuild)
    codebuild.add_response("start_build", *started())

    answer = on_event(build_event(), None)

    assert answer["Build"] == {"Id": BUILD_ID, "Key": KEY, "Started": int(clock.now)}
    assert "Data" not in answer
    written = s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}/keys/{KEY}/job.json")["Body"].read()
    assert json.loads(written) == JOB


def test_builds_nothing_when_the_same_inputs_were_built_and_are_still_there(s3: S3Client, codebuild: Stubber) -> None:
    record = publish(s3)
    before = object_keys(s3)

    answer = on_event(build_event(), None)

    assert answer["Data"] == record
    assert object_keys(s3) == before


def test_a_rollback_builds_nothing_and_returns_the_earlier_values(s3: S3Client, codebuild: Stubber) -> None:
    new_job = copy.deepcopy(JOB) | {"seed": 1}
    first = publish(s3, version=1)
    created = on_event(build_event(), None)
    listed(codebuild)

    rolled_back = on_event(
        build_event(
            request_type="Update",
            PhysicalResourceId=created["PhysicalResourceId"],
            OldResourceProperties=build_event(new_job)["ResourceProperties"],
        ),
        None,
    )

    assert rolled_back == created
    assert rolled_back["Data"] == first


def test_keeps_its_physical_id_over_creation_update_and_deletion(s3: S3Client, codebuild: Stubber) -> None:
    publish(s3)
    identity = on_event(build_event(), None)["PhysicalResourceId"]

    repeated = on_event(build_event(), None)["PhysicalResourceId"]
    updated = on_event(build_event(request_type="Update", PhysicalResourceId=identity), None)["PhysicalResourceId"]
    listed(codebuild)
    deleted = on_event(build_event(request_type="Delete", PhysicalResourceId=identity), None)["PhysicalResourceId"]
    other = on_event(build_event() | {"LogicalResourceId": "Other"}, None)["PhysicalResourceId"]

    assert {repeated, updated, deleted} == {identity}
    assert other != identity


def test_deletion_leaves_the_bucket_unchanged(s3: S3Client, codebuild: Stubber) -> None:
    publish(s3)
    listed(codebuild)
    before = object_keys(s3)

    answer = on_event(build_event(request_type="Delete", PhysicalResourceId="id"), None)

    assert answer == {"PhysicalResourceId": "id"}
    assert object_keys(s3) == before


@pytest.mark.fault
def test_passes_the_request_id_to_start_build_because_events_may_come_twice(
    s3: S3Client, codebuild: Stubber, clock: Clock
) -> None:
    for _ in range(2):
        listed(codebuild)
        codebuild.add_response("start_build", *started())

    assert on_event(build_event(), None) == on_event(build_event(), None)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidInputException", ROLE_UNUSABLE),
        ("AccessDeniedException", "User is not authorized to perform: codebuild:StartBuild"),
        ("ThrottlingException", "Rate exceeded"),
    ],
)
def test_retries_for_a_minute_while_a_new_role_is_not_usable(
    s3: S3Client, codebuild: Stubber, clock: Clock, code: str, message: str
) -> None:
    listed(codebuild)
    for _ in range(10):
        codebuild.add_client_error("start_build", code, message)
    codebuild.add_response("start_build", *started())

    assert on_event(build_event(), None)["Build"]["Id"] == BUILD_ID
    assert 0 < sum(clock.slept) <= 60


def test_gives_up_on_a_role_after_a_minute_with_codebuilds_message(
    s3: S3Client, codebuild: Stubber, clock: Clock
) -> None:
    listed(codebuild)
    for _ in range(13):
        codebuild.add_client_error("start_build", "InvalidInputException", ROLE_UNUSABLE)

    with pytest.raises(ModelError, match="cannot be started: InvalidInputException: CodeBuild is not authorized"):
        on_event(build_event(), None)

    assert sum(clock.slept) == pytest.approx(60)


def test_does_not_retry_permanent_errors(s3: S3Client, codebuild: Stubber, clock: Clock) -> None:
    listed(codebuild)
    codebuild.add_client_error("start_build", "ResourceNotFoundException", "Project cannot be found")

    with pytest.raises(ModelError, match="Project cannot be found"):
        on_event(build_event(), None)

    assert clock.slept == []


def test_replaces_a_job_whose_locations_are_out_of_date(s3: S3Client, codebuild: Stubber, clock: Clock) -> None:
    moved = copy.deepcopy(JOB)
    moved["source"]["location"]["bucket"] = "elsewhere"
    for _ in range(2):
        listed(codebuild)
        codebuild.add_response("start_build", *started())
    on_event(build_event(JOB), None)

    on_event(build_event(moved), None)

    written = s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}/keys/{KEY}/job.json")["Body"].read()
    assert json.loads(written) == moved


def test_writes_an_unchanged_job_once(s3: S3Client, codebuild: Stubber, clock: Clock) -> None:
    for _ in range(2):
        listed(codebuild)
        codebuild.add_response("start_build", *started())
    on_event(build_event(), None)
    on_event(build_event(), None)

    versions = s3.list_object_versions(Bucket=BUCKET, Prefix=f"{PREFIX}/keys/{KEY}/job.json")["Versions"]
    assert len(versions) == 1


def test_repeats_awss_message_when_the_bucket_cannot_be_read() -> None:
    with pytest.raises(ModelError, match=r"^ListObjectsV2 failed: NoSuchBucket: "):
        on_event(build_event(), None)


class Denies:
    """A method of a client that is denied some times, and then does what it does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, times: int, message: str = "no") -> None:
        self._left, self._does = times, getattr(aws.s3(), name)
        answer: Any = {"Error": {"Code": "AccessDenied", "Message": message}}
        self._error = ClientError(answer, name.title().replace("_", ""))
        monkeypatch.setattr(aws.s3(), name, self)

    def __call__(self, **request: Any) -> Any:
        if self._left:
            self._left -= 1
            raise self._error
        return self._does(**request)


@pytest.mark.fault
@pytest.mark.parametrize("method", ["list_objects_v2", "put_object"])
def test_it_waits_for_a_new_bucket_policy(
    s3: S3Client, codebuild: Stubber, clock: Clock, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    listed(codebuild)
    codebuild.add_response("start_build", *started())
    Denies(monkeypatch, method, 3, "not authorized to perform: kms:GenerateDataKey")

    assert on_event(build_event(), None)["Build"]["Id"] == BUILD_ID
    assert clock.slept == [5, 5, 5]


def test_it_waits_for_an_endpoints_model_too(s3: S3Client, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    event = build_event() | {"ResourceProperties": compatibility_properties(publish(s3))}
    Denies(monkeypatch, "list_objects_v2", 3)

    assert on_event(event, None)["Data"]["Version"] == "1"


@pytest.mark.fault
def test_a_bucket_that_is_busy_does_not_end_a_rollback(
    s3: S3Client, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (compatibility_properties(publish(s3, version=version, key=f"{version}" * 64)) for version in (1, 2))
    event = build_event(request_type="Update") | {"ResourceProperties": old, "OldResourceProperties": new}
    with Stubber(aws.s3()) as busy:
        for _ in range(13):
            busy.add_client_error("list_objects_v2", "SlowDown", "Please reduce your request rate")
        with pytest.raises(ModelError, match="ListObjectsV2 failed: SlowDown"):
            on_event(event, None)
    assert sum(clock.slept) == pytest.approx(60)

    with monkeypatch.context() as patched:
        Denies(patched, "list_objects_v2", 12)
        assert on_event(event, None)["Data"]["Version"] == "1"


@pytest.mark.fault
def test_a_rollback_to_a_deleted_model_says_so_at_once(s3: S3Client, clock: Clock, cloudformation: Stubber) -> None:
    properties = compatibility_properties(publish(s3))
    place = {"Bucket": BUCKET, "Key": properties["ManifestKey"]}
    s3.delete_object(**place, VersionId=s3.head_object(**place)["VersionId"])
    answer_status(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS")

    with pytest.raises(ModelError, match="there is no manifest"):
        on_event(build_event(request_type="Update") | {"ResourceProperties": properties}, None)
    assert clock.slept == []


def test_a_request_still_denied_after_a_minute_ends_in_one_sentence_without_a_python_frame(
    s3: S3Client, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    Denies(monkeypatch, "put_object", 100)

    with pytest.raises(ModelError) as caught:
        on_event(build_event(), None)
    assert str(caught.value) == "PutObject failed: AccessDenied: no"
    assert sum(clock.slept) == pytest.approx(60)
