"""A job that the gate refuses, with KEEP_PREVIOUS: what serves then, and what is recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from index import on_event
from model_builds import aws
from model_builds.errors import ModelError
from published_models import BUCKET, PREFIX, PROJECT, build_event, publish
from refused_models import REASON, REFUSED, A, B, C, job, kept_json, key_of, properties, schema

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from refused_models import Deployments


def test_the_previous_version_keeps_serving_and_the_attribute_says_why(stack: Deployments) -> None:
    first = stack.deploy(A, 1)

    kept = stack.deploy(B, REFUSED)

    assert first["Refusal"] == "none"
    assert kept | {"Refusal": ""} == first | {"Refusal": ""}
    assert kept["Refusal"].startswith(f"Version 1 is kept, the new model was refused: {REASON}. Report: s3://{BUCKET}/")
    assert kept["Refusal"].endswith("/report.html")


def test_the_kept_version_is_recorded_under_the_refused_build_key(stack: Deployments, s3: S3Client) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)

    document = kept_json(s3, B)

    jsonschema.validate(document, schema("kept"))
    (entry,) = document["refusals"]
    assert (entry["attempt"], entry["keptBuildKey"], entry["keptVersion"]) == ("1", key_of(A), "1")
    assert entry["reason"] == REASON


def test_a_first_deployment_fails_with_the_candidates_and_says_that_nothing_has_served(
    stack: Deployments, s3: S3Client
) -> None:
    with pytest.raises(ModelError) as caught:
        stack.deploy(B, REFUSED)

    lines = str(caught.value).split("\n")
    assert lines[:2] == [
        REASON,
        "No version can be kept: this is the first deployment of the model, and none has served.",
    ]
    assert any(line.startswith("float16") for line in lines)
    assert "kept.json" not in str(s3.list_objects_v2(Bucket=BUCKET)["Contents"])
    assert stack.events == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "saved_model"}, "version 1 has the format litert, and saved_model is asked for now"),
        ({"architecture": "arm64"}, "version 1 has the architecture x86_64, and arm64 is asked for now"),
        ({"server": {"image": "s:1"}}, "version 1 was published without a server, and one is asked for now"),
    ],
)
def test_another_format_processor_or_server_fails_as_before(
    stack: Deployments, changes: dict[str, Any], words: str
) -> None:
    first = stack.deploy(A, 1)

    with pytest.raises(ModelError, match=f"{REASON}\nNo version can be kept: {words}."):
        stack.deploy(properties(job(2, **changes)), REFUSED)

    assert stack.deploy(A) == first
    assert stack.events == []


@pytest.mark.parametrize(
    "before", [{"Model": "elsewhere-1a2b3c4d"}, {"Bucket": "another"}], ids=["another prefix", "another bucket"]
)
def test_a_model_that_moves_fails_as_before(stack: Deployments, before: dict[str, str]) -> None:
    stack.now = A | before

    with pytest.raises(ModelError, match="No version can be kept: the model moves with this deployment from s3://"):
        stack.deploy(B, REFUSED)


@pytest.mark.fault
def test_the_previous_version_must_still_exist(stack: Deployments, s3: S3Client) -> None:
    record = stack.deploy(A, 1)
    s3.delete_object(Bucket=BUCKET, Key=record["ManifestKey"])

    with pytest.raises(ModelError, match="No version can be kept: what served before is not complete in s3://"):
        stack.deploy(B, REFUSED)


@pytest.mark.parametrize("outcome", [{**REFUSED, "exitCode": code} for code in (0, 1, 2, 4)])
def test_every_other_failure_fails_the_deployment(stack: Deployments, outcome: dict[str, Any]) -> None:
    stack.deploy(A, 1)

    with pytest.raises(ModelError):
        stack.deploy(B, outcome)

    assert stack.events == []


@pytest.mark.parametrize("status", ["STOPPED", "TIMED_OUT", "FAULT"])
def test_a_build_that_was_stopped_from_outside_is_not_a_refusal(stack: Deployments, status: str) -> None:
    stack.deploy(A, 1)

    with pytest.raises(ModelError):
        stack.deploy(B, REFUSED, status=status)


def test_without_keep_previous_a_refusal_fails_and_the_data_is_the_record(stack: Deployments) -> None:
    plain = {name: value for name, value in A.items() if name != "OnRefusal"}
    assert "Refusal" not in stack.deploy(plain, 1)

    with pytest.raises(ModelError, match=REASON):
        stack.deploy({name: value for name, value in B.items() if name != "OnRefusal"}, REFUSED)


def test_a_refused_job_is_not_built_again(stack: Deployments) -> None:
    stack.deploy(A, 1)
    kept = stack.deploy(B, REFUSED)

    assert stack.deploy(B | {"Project": PROJECT, "Note": "of something else"}) == kept
    assert stack.asked_for_status == 0


def test_a_refused_job_that_is_built_by_hand_does_not_go_live_through_another_deployment(
    stack: Deployments, s3: S3Client
) -> None:
    stack.deploy(A, 1)
    kept = stack.deploy(B, REFUSED)
    publish(s3, version=2, key=key_of(B))

    assert stack.deploy(B | {"Note": "of something else"}) == kept


def test_a_second_refusal_keeps_the_same_version_although_the_old_properties_name_a_refused_job(
    stack: Deployments, s3: S3Client
) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)

    kept = stack.deploy(C, REFUSED)

    assert kept["Version"] == "1"
    assert kept_json(s3, C)["refusals"][0]["keptBuildKey"] == key_of(A)


def test_a_model_that_passes_becomes_live_after_a_refusal(stack: Deployments) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)

    accepted = stack.deploy(C, 2)

    assert (accepted["Version"], accepted["Refusal"]) == ("2", "none")


def test_a_raised_attempt_is_built_and_may_pass(stack: Deployments) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)

    accepted = stack.deploy(B | {"Attempt": "2"}, 2)

    assert (accepted["Version"], accepted["Refusal"]) == ("2", "none")


def test_a_raised_attempt_that_is_refused_again_keeps_both_entries(stack: Deployments, s3: S3Client) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)

    kept = stack.deploy(B | {"Attempt": "2"}, REFUSED)

    assert kept["Version"] == "1"
    document = kept_json(s3, B)
    jsonschema.validate(document, schema("kept"))
    assert [(refusal["attempt"], refusal["keptVersion"]) for refusal in document["refusals"]] == [
        ("1", "1"),
        ("2", "1"),
    ]


def test_raising_attempt_of_a_model_that_was_published_builds_nothing(stack: Deployments) -> None:
    first = stack.deploy(A, 1)

    assert stack.deploy(A | {"Attempt": "2"}) == first


def test_an_entry_added_concurrently_is_not_lost(
    stack: Deployments, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)
    put, document = aws.s3().put_object, kept_json(s3, B)
    other = {**document["refusals"][0], "attempt": "7"}

    def outrun(**request: Any) -> Any:
        if request["Key"].endswith("kept.json"):
            monkeypatch.setattr(aws.s3(), "put_object", put)
            changed = {**document, "refusals": [*document["refusals"], other]}
            put(Bucket=BUCKET, Key=request["Key"], Body=json.dumps(changed).encode())
        return put(**request)

    monkeypatch.setattr(aws.s3(), "put_object", outrun)
    stack.deploy(B | {"Attempt": "2"}, REFUSED)

    assert [refusal["attempt"] for refusal in kept_json(s3, B)["refusals"]] == ["1", "7", "2"]


def test_deletion_does_not_read_the_kept_versions(stack: Deployments, s3: S3Client) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)
    event = build_event(request_type="Delete", PhysicalResourceId="id")
    event["ResourceProperties"] = B

    assert on_event(event, None) == {"PhysicalResourceId": "id"}
    assert kept_json(s3, B)["refusals"]


@pytest.mark.fault
@pytest.mark.parametrize("content", [b"", b'{"refusals": [{', b"null", b'{"refusals": [{"attempt": "1"}]}', b"\xff"])
def test_a_damaged_list_of_refusals_ends_in_a_sentence(stack: Deployments, s3: S3Client, content: bytes) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/keys/{key_of(B)}/kept.json", Body=content)

    with pytest.raises(ModelError, match=r"kept\.json is not a list of refusals as a deployment writes it"):
        stack.deploy(B | {"Note": "of something else"})
