"""A job that the gate refuses, with KEEP_PREVIOUS: what serves, what is recorded, and what is never brought back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from botocore.exceptions import ClientError
from index import on_event
from model_builds import aws
from model_builds.errors import ModelError
from published_models import BUCKET, PREFIX, PROJECT, build_event, publish
from refused_models import REFUSED, STACK_ID, Deployments, job, kept_json, key_of, metric_lines, properties

if TYPE_CHECKING:
    from conftest import Clock
    from mypy_boto3_s3 import S3Client

SCHEMAS = Path(__file__).parents[1] / "src" / "model_builds"
A, B, C = (properties(job(seed)) for seed in (1, 2, 3))
REASON = "no candidate passed the gate: use a less strict gate or a milder recipe"


@pytest.fixture
def stack(s3: S3Client, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Deployments:
    return Deployments(s3, monkeypatch)


def schema(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return document


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
    assert [(one["attempt"], one["keptVersion"]) for one in document["refusals"]] == [("1", "1"), ("2", "1")]


def test_raising_attempt_of_a_model_that_was_published_builds_nothing(stack: Deployments) -> None:
    first = stack.deploy(A, 1)

    assert stack.deploy(A | {"Attempt": "2"}) == first


class TestRollback:
    def test_of_the_refused_deployment_returns_the_previous_version(self, stack: Deployments) -> None:
        first = stack.deploy(A, 1)

        kept, back = stack.deploy_and_roll_back(B, REFUSED)

        assert kept["Version"] == "1"
        assert back == first

    def test_to_a_refused_job_returns_the_version_kept_then_and_not_the_one_that_just_failed(
        self, stack: Deployments
    ) -> None:
        stack.deploy(A, 1)
        kept = stack.deploy(B, REFUSED)

        forward, back = stack.deploy_and_roll_back(C, 2)

        assert forward["Version"] == "2"
        assert back == kept

    def test_of_a_raised_attempt_that_passed_does_not_leave_it_live(self, stack: Deployments) -> None:
        stack.deploy(A, 1)
        kept = stack.deploy(B, REFUSED)

        forward, back = stack.deploy_and_roll_back(B | {"Attempt": "2"}, 2)

        assert forward["Version"] == "2"
        assert back == kept

    def test_stops_the_build_of_an_attempt_that_was_cancelled(self, stack: Deployments) -> None:
        stack.deploy(A, 1)
        kept = stack.deploy(B, REFUSED)
        # CloudFormation tells nobody that it cancels; the update back names the cancelled attempt as the old one.
        stack.now = B | {"Attempt": "2"}
        stack.status = "UPDATE_ROLLBACK_IN_PROGRESS"

        assert stack.deploy(B) == kept  # which expects that the builds of the key are listed

    def test_to_a_refused_job_whose_kept_version_was_deleted_says_so(self, stack: Deployments, s3: S3Client) -> None:
        record = stack.deploy(A, 1)
        stack.deploy(B, REFUSED)
        s3.delete_object(Bucket=BUCKET, Key=record["ManifestKey"])

        with pytest.raises(ModelError, match=r"version 1, which is kept .* is not complete .*: raise attempt"):
            stack.deploy(B | {"Note": "x"})

    def test_is_assumed_if_the_stack_cannot_be_described(
        self, stack: Deployments, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack.deploy(A, 1)
        kept = stack.deploy(B, REFUSED)
        stack.deploy(C, 2)

        def denied(**_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStacks")

        monkeypatch.setattr(aws.cloudformation(), "describe_stacks", denied)

        assert stack.deploy(B) == kept


class TestARefusedJobThatIsDeployedAgain:
    def test_keeps_the_current_version(self, stack: Deployments, s3: S3Client) -> None:
        stack.deploy(A, 1)
        stack.deploy(B, REFUSED)
        stack.deploy(C, 2)

        kept = stack.deploy(B)

        assert kept["Version"] == "2"
        assert kept["Refusal"].startswith(f"Version 2 is kept, the new model was refused: {REASON}")
        assert kept_json(s3, B)["refusals"][0]["keptVersion"] == "2"
        assert [json.loads(one["Detail"])["kept"]["version"] for one in stack.events] == ["1", "2"]

    def test_may_then_be_rolled_back_to_and_keeps_the_same(self, stack: Deployments) -> None:
        stack.deploy(A, 1)
        stack.deploy(B, REFUSED)
        stack.deploy(C, 2)
        kept = stack.deploy(B)

        _, back = stack.deploy_and_roll_back(A)

        assert back == kept

    def test_fails_if_the_current_version_is_for_another_processor(self, stack: Deployments) -> None:
        arm = properties(job(2, architecture="arm64"))
        stack.deploy(A, 1)
        stack.deploy(B, REFUSED)
        stack.deploy(C, 2)

        with pytest.raises(ModelError, match="No version can be kept: version 2 has the architecture x86_64"):
            stack.deploy(arm, REFUSED)

    def test_with_the_attempt_lowered_again_stays_live_once_it_has_passed(self, stack: Deployments) -> None:
        stack.deploy(A, 1)
        stack.deploy(B, REFUSED)
        accepted = stack.deploy(B | {"Attempt": "2"}, 2)

        assert stack.deploy(B) == accepted
        assert len(stack.events) == 1

    def test_by_a_new_resource_with_the_same_prefix_gets_the_recorded_version(self, stack: Deployments) -> None:
        stack.deploy(A, 1)
        kept = stack.deploy(B, REFUSED)
        stack.now = None  # the construct was renamed, and given the prefix that it had

        assert stack.deploy(B) == kept


class TestWhatIsSaid:
    def test_an_event_follows_its_schema_and_has_the_candidates(self, stack: Deployments) -> None:
        stack.deploy(A, 1)
        stack.deploy(B, REFUSED)

        (event,) = stack.events
        detail = json.loads(event["Detail"])

        jsonschema.validate(detail, schema("event"))
        assert (event["Source"], event["DetailType"], event["Resources"]) == (
            "cdk-tensorflow",
            "ModelRefused",
            [STACK_ID],
        )
        assert (detail["modelName"], detail["modelPrefix"], detail["buildKey"]) == ("digits", PREFIX, key_of(B))
        assert detail["reason"] == REASON
        assert "float16" in detail["message"]
        assert detail["kept"]["manifestKey"] == f"{PREFIX}/litert/1/manifest.json"

    def test_a_metric_counts_each_refusal_of_a_project(
        self, stack: Deployments, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stack.deploy(A, 1)
        stack.deploy(B, REFUSED)

        (line,) = metric_lines(capsys.readouterr().out)

        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "CdkTensorFlow"
        assert directive["Dimensions"] == [["ProjectName", "ModelName"]]
        assert directive["Metrics"] == [{"Name": "RefusedModels", "Unit": "Count"}]
        assert (line["ProjectName"], line["ModelName"], line["RefusedModels"]) == (PROJECT, "digits", 1)

    def test_is_reported_once_if_nothing_new_was_refused(self, stack: Deployments) -> None:
        stack.deploy(A, 1)
        stack.deploy(B, REFUSED)
        stack.deploy(B | {"Note": "of something else"})
        stack.deploy_and_roll_back(C, 2)

        assert len(stack.events) == 1

    @pytest.mark.parametrize("answer", ["denied", "failed"])
    def test_a_bus_that_takes_no_event_does_not_fail_the_deployment(
        self,
        stack: Deployments,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        answer: str,
    ) -> None:
        def put_events(**_: Any) -> dict[str, Any]:
            if answer == "denied":
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, "PutEvents")
            return {"FailedEntryCount": 1, "Entries": [{"ErrorMessage": "not allowed"}]}

        monkeypatch.setattr(aws.events(), "put_events", put_events)
        stack.deploy(A, 1)

        assert stack.deploy(B, REFUSED)["Version"] == "1"
        assert "the event ModelRefused could not be published: " in capsys.readouterr().out

    def test_a_long_reason_is_cut_so_that_cloudformation_takes_the_answer(self, stack: Deployments) -> None:
        stack.deploy(A, 1)

        kept = stack.deploy(B, REFUSED | {"sentence": "ü" * 5000})

        assert len(kept["Refusal"].encode()) <= 500
        assert kept["Refusal"].endswith("/report.html")
        assert len(json.dumps(kept, ensure_ascii=False).encode()) <= 3000


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

    assert [one["attempt"] for one in kept_json(s3, B)["refusals"]] == ["1", "7", "2"]


def test_deletion_does_not_read_the_kept_versions(stack: Deployments, s3: S3Client) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)
    event = build_event(request_type="Delete", PhysicalResourceId="id")
    event["ResourceProperties"] = B

    assert on_event(event, None) == {"PhysicalResourceId": "id"}
    assert kept_json(s3, B)["refusals"]
