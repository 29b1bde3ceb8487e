"""Versions that the pruning function removes and keeps, and its messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest
from botocore.exceptions import ClientError
from index import prune
from model_builds.errors import ModelError
from model_builds.store import Store
from pruned_models import DAY, POINTER, leased
from published_models import BUCKET, KEY, PREFIX, publish
from refused_models import REFUSED, STACK_ID, schema

if TYPE_CHECKING:
    from pruned_models import Pruning


def test_old_versions_go_with_every_trace_and_the_newest_stay_complete(pruning: Pruning) -> None:
    *_, third, fourth = pruning.deploy(1, 2, 3, 4)
    pruning.wait(2)

    assert pruning.pruned() == ["1", "2"]

    assert (pruning.left, pruning.traces_of(1), pruning.traces_of(2)) == ([3, 4], [], [])
    assert pruning.stack.deploy(leased(3)) == third
    assert pruning.stack.deploy(leased(4)) == fourth


def test_what_is_pruned_is_listed_in_the_bucket_and_in_an_event(pruning: Pruning) -> None:
    first, *_ = pruning.deploy(1, 2, 3)
    pruning.wait(2)

    pruning.run()

    mark = pruning.mark_of(1)
    jsonschema.validate(mark, schema("pruned"))
    assert mark is not None
    assert (mark["state"], mark["manifestKey"]) == ("PRUNED", first["ManifestKey"])
    (event,) = pruning.stack.events
    detail = json.loads(event["Detail"])
    jsonschema.validate(detail, schema("model_pruned"))
    assert (event["Source"], event["DetailType"], event["Resources"]) == ("cdk-tensorflow", "ModelPruned", [STACK_ID])
    assert detail["versions"] == [{"version": "1", "manifestKey": first["ManifestKey"]}]


def test_a_dry_run_lists_the_same_and_changes_nothing(pruning: Pruning) -> None:
    pruning.deploy(1, 2, 3)
    pruning.wait(2)

    answer = pruning.run(dryRun=True)

    assert [entry["version"] for entry in answer["pruned"]] == ["1"]
    assert [entry["version"] for entry in answer["kept"]] == ["2", "3"]
    assert (pruning.left, pruning.mark_of(1), pruning.stack.events) == ([1, 2, 3], None, [])


def test_nothing_younger_than_a_day_goes(pruning: Pruning) -> None:
    pruning.deploy(1, 2, 3)
    pruning.wait(0.99)

    assert pruning.pruned() == []
    assert pruning.run()["kept"][0]["reason"] == "it is younger than 1 days"


def test_nothing_younger_than_the_age_goes(pruning: Pruning) -> None:
    pruning.set(versions=2, age=7 * DAY)
    pruning.deploy(1, 2, 3)
    pruning.wait(6.9)
    assert pruning.pruned() == []

    pruning.wait(7.1)
    assert pruning.pruned() == ["1"]


@pytest.mark.parametrize("named", [{"manifestKey": f"{PREFIX}/litert/1/manifest.json"}, "list"])
def test_what_a_pointer_or_a_delivery_names_stays(pruning: Pruning, named: object) -> None:
    pruning.set(versions=2, age=DAY, parameters=(POINTER,))
    first, *_ = pruning.deploy(1, 2, 3, 4)
    others = [
        {"bucket": "elsewhere", "manifestKey": f"{PREFIX}/litert/2/manifest.json"},
        {"manifestKey": "other/litert/2/manifest.json"},
    ]
    pruning.name_in_parameter(
        [*others, {"bucket": BUCKET, "manifestKey": first["ManifestKey"]}] if named == "list" else named
    )
    pruning.wait(2)

    assert pruning.pruned() == ["2"]
    assert pruning.run()["kept"][0] == {"version": "1", "reason": f"the parameter {POINTER} names it"}


@pytest.mark.parametrize("value", ["built", None])
def test_a_parameter_that_names_no_version_or_is_not_there_keeps_none(pruning: Pruning, value: str | None) -> None:
    pruning.set(versions=2, age=DAY, parameters=(POINTER,))
    pruning.deploy(1, 2, 3)
    if value is not None:
        pruning.name_in_parameter(value)
    pruning.wait(2)

    assert pruning.pruned() == ["1"]


@pytest.mark.parametrize(
    "value", ["latest", "[1]", '{"manifest": "1"}', '{"manifestKey": "' + PREFIX + '/litert/newest/x"}']
)
def test_a_parameter_that_cannot_be_understood_keeps_everything(pruning: Pruning, value: str) -> None:
    pruning.set(versions=2, age=DAY, parameters=(POINTER,))
    pruning.deploy(1, 2, 3)
    pruning.name_in_parameter(value)
    pruning.wait(2)

    with pytest.raises(ModelError):
        pruning.run()
    assert (pruning.left, pruning.mark_of(1)) == ([1, 2, 3], None)


def test_without_any_lease_everything_stays(pruning: Pruning) -> None:
    for version in (1, 2, 3):
        publish(pruning.s3, version, key=f"{version}" * 64)
    pruning.wait(2)

    with pytest.raises(ModelError, match="so what is served is unknown and nothing is pruned"):
        pruning.run()
    assert pruning.left == [1, 2, 3]


@pytest.mark.fault
def test_a_lease_that_was_deleted_by_hand_is_named_in_the_log(
    pruning: Pruning, capsys: pytest.CaptureFixture[str]
) -> None:
    pruning.deploy(1, 2, 3)
    path = f"{PREFIX}/leases/another.json"
    serves = {"stackId": "s", "serves": f"{PREFIX}/litert/1/manifest.json", "before": []}
    pruning.s3.put_object(Bucket=BUCKET, Key=path, Body=json.dumps(serves).encode())
    pruning.wait(2)
    assert pruning.pruned() == []
    assert "was deleted" not in capsys.readouterr().out

    pruning.s3.delete_object(Bucket=BUCKET, Key=path)

    assert pruning.pruned() == ["1"]
    assert f"the lease s3://{BUCKET}/{path} was deleted at " in capsys.readouterr().out


def test_what_is_kept_in_the_place_of_a_refused_model_stays(pruning: Pruning) -> None:
    keeping = {"OnRefusal": "KEEP_PREVIOUS"}
    pruning.stack.deploy(leased(1, **keeping), 1)
    pruning.stack.deploy(leased(9, **keeping), REFUSED)
    for seed in (2, 3, 4):
        pruning.stack.deploy(leased(seed, **keeping), seed)
    pruning.wait(2)

    assert pruning.pruned() == ["2"]
    assert pruning.run()["kept"][0] == {"version": "1", "reason": "it is kept in the place of a refused model"}


@pytest.mark.parametrize(
    "status",
    [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
        "UPDATE_FAILED",
    ],
)
def test_nothing_goes_while_the_stack_may_need_what_nothing_names(
    pruning: Pruning, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    pruning.deploy(1, 2, 3)
    pruning.wait(2)
    monkeypatch.setattr(pruning.stack, "status", status)

    answer = prune({}, None)

    assert answer == {
        "pruned": [],
        "builds": [],
        "kept": [],
        "postponed": f"the stack {STACK_ID} has the status {status}",
    }
    assert (pruning.left, pruning.mark_of(1)) == ([1, 2, 3], None)


def test_reports_of_pruned_versions_and_of_old_refusals_go_and_others_stay(pruning: Pruning) -> None:
    for version in (1, 2, 3):
        pruning.s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/builds/build-{version}/report.html", Body=b"<html>")
        publish(pruning.s3, version, key=f"{version}" * 64, buildId=f"build-{version}")
    pruning.s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/builds/refused/report.html", Body=b"<html>")
    pruning.stack.deploy(leased(4), 4)
    pruning.set(versions=3, age=DAY)
    pruning.wait(2)

    answer = pruning.run()

    assert ([entry["version"] for entry in answer["pruned"]], answer["builds"]) == (["1"], ["build-1", "refused"])
    assert sorted(Store(BUCKET).sizes(f"{PREFIX}/builds/")) == [
        f"{PREFIX}/builds/build-{n}/report.html" for n in (2, 3)
    ]


def test_jobs_and_taken_numbers_stay_so_that_no_number_is_used_again(pruning: Pruning) -> None:
    pruning.s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/claims/1", Body=b"{}")
    pruning.deploy(1, 2, 3)
    pruning.wait(2)

    pruning.run()

    keys = Store(BUCKET).sizes(f"{PREFIX}/")
    assert f"{PREFIX}/claims/1" in keys
    assert len([key for key in keys if key.endswith("/job.json")]) == 3


def test_another_model_of_the_bucket_stays_as_it_is(pruning: Pruning) -> None:
    other = f"{PREFIX}-other"
    for version in (1, 2, 3):
        publish(pruning.s3, version, key=KEY, prefix=other)
    before = Store(BUCKET).sizes(f"{other}/")
    pruning.deploy(1, 2, 3)
    pruning.wait(2)

    assert pruning.pruned() == ["1"]
    assert Store(BUCKET).sizes(f"{other}/") == before


def test_a_pruned_model_is_built_again_under_a_new_number_when_its_app_is_deployed(pruning: Pruning) -> None:
    pruning.deploy(1, 2, 3)
    pruning.wait(2)
    pruning.run()

    assert pruning.stack.deploy(leased(1), 4)["Version"] == "4"


# Versions that the function may not delete stay, and are named.
@pytest.mark.fault
def test_a_deletion_that_is_denied_fails_with_one_sentence_and_the_next_run_goes_on(
    pruning: Pruning, monkeypatch: pytest.MonkeyPatch
) -> None:
    pruning.deploy(1, 2, 3)
    pruning.wait(2)
    denial = ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, "DeleteObject")

    def delete_object(**_: object) -> None:
        raise denial

    with monkeypatch.context() as denied:
        denied.setattr(pruning.s3, "delete_object", delete_object)
        with pytest.raises(
            ModelError, match=r"cannot be deleted \(AccessDenied: not allowed\): allow s3:DeleteObjectVersion"
        ):
            pruning.run()

    assert pruning.pruned() == ["1"]
    assert pruning.traces_of(1) == []


def test_a_stack_that_cannot_be_described_keeps_everything(pruning: Pruning, monkeypatch: pytest.MonkeyPatch) -> None:
    pruning.deploy(1, 2, 3)
    pruning.wait(2)

    def describe(StackName: str) -> None:  # noqa: N803 - boto3's name
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": StackName}}, "DescribeStacks")

    monkeypatch.setattr(
        "model_builds.aws.cloudformation", lambda: type("Client", (), {"describe_stacks": staticmethod(describe)})
    )

    with pytest.raises(ClientError):
        pruning.run()
    assert pruning.left == [1, 2, 3]
