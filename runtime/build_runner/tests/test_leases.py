"""Leases: a stack's custom resources write down which versions it needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from botocore.exceptions import ClientError
from index import on_event
from model_builds import aws
from model_builds.documents.leases import leased_versions
from model_builds.errors import ModelError
from model_builds.store import Store
from pruned_models import leased
from published_models import BUCKET, PREFIX, build_event, compatibility_properties, publish
from refused_models import REFUSED, STACK_ID, schema

if TYPE_CHECKING:
    from conftest import Clock
    from mypy_boto3_s3 import S3Client
    from refused_models import Deployments

DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, "PutObject")


def leases(s3: S3Client) -> list[dict[str, Any]]:
    store = Store(BUCKET)
    del s3
    return [json.loads(store.read(key) or b"") for key in sorted(store.sizes(f"{PREFIX}/leases/"))]


def named(s3: S3Client) -> list[tuple[str, str]]:
    """Return the versions of each lease: the one that serves, and those before."""

    def numbers(*keys: str) -> str:
        return ", ".join(key.split("/")[-2] for key in keys if key)

    return [(numbers(lease["serves"]), numbers(*lease["before"])) for lease in leases(s3)]


def imported(
    record: dict[str, str], request: str, before: dict[str, str] | None = None, **changes: Any
) -> dict[str, Any]:
    """Make an endpoint of another stack take an imported version."""
    event = build_event(request_type=request) | {"StackId": f"{STACK_ID}-other", "LogicalResourceId": "Compatibility"}
    event["ResourceProperties"] = compatibility_properties(record, Lease="true") | changes
    if before is not None:
        event["OldResourceProperties"] = compatibility_properties(before, Lease="true")
    return on_event(event, None)


def test_a_build_holds_a_lease_that_follows_its_schema(stack: Deployments, s3: S3Client) -> None:
    data = stack.deploy(leased(1), 1)

    (lease,) = leases(s3)
    jsonschema.validate(lease, schema("lease"))
    assert (lease["stackId"], lease["serves"], lease["before"]) == (STACK_ID, data["ManifestKey"], [])


def test_a_stack_without_retention_writes_none(stack: Deployments, s3: S3Client) -> None:
    properties = leased(1)
    del properties["Lease"]
    stack.deploy(properties, 1)

    assert leases(s3) == []


def test_a_new_version_is_leased_beside_the_one_before(stack: Deployments, s3: S3Client) -> None:
    for seed in (1, 2, 3):
        stack.deploy(leased(seed), seed)

    assert named(s3) == [("3", "2")]


def test_a_change_of_something_else_keeps_the_lease_of_the_version_before(stack: Deployments, s3: S3Client) -> None:
    stack.deploy(leased(1), 1)
    stack.deploy(leased(2), 2)
    stack.deploy(leased(2, Project="Optimizer"))

    assert named(s3) == [("2", "1")]


def test_a_rollback_leases_the_version_that_serves_again(stack: Deployments, s3: S3Client) -> None:
    stack.deploy(leased(1), 1)
    stack.deploy_and_roll_back(leased(2), 2)

    assert named(s3) == [("1", "2")]


@pytest.mark.fault
def test_updates_that_are_not_rolled_back_keep_the_version_that_may_still_serve(
    stack: Deployments, s3: S3Client
) -> None:
    first = stack.deploy(leased(1), 1)
    imported(first, "Create")
    second = stack.deploy(leased(2), 2)
    third = stack.deploy(leased(3), 3)
    imported(second, "Update", first)
    stack.ended = "UPDATE_FAILED"
    imported(third, "Update", second)
    assert ("3", "2, 1") in named(s3)
    assert sorted(leased_versions(Store(BUCKET), PREFIX)) == [1, 2, 3]

    fourth = stack.deploy(leased(4), 4)
    imported(fourth, "Update", third)
    assert ("4", "3, 2, 1") in named(s3)

    stack.ended = "UPDATE_COMPLETE"
    imported(fourth, "Update", fourth)
    assert ("4", "3") in named(s3)


def test_a_stack_whose_events_cannot_be_read_keeps_every_version(
    stack: Deployments, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.deploy(leased(1), 1)
    stack.deploy(leased(2), 2)
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStackEvents")
    monkeypatch.setattr(aws.cloudformation(), "describe_stack_events", lambda **_: (_ for _ in ()).throw(denied))

    stack.deploy(leased(3), 3)

    assert named(s3) == [("3", "2, 1")]


def test_the_version_that_is_kept_in_the_place_of_a_refused_model_stays_leased(
    stack: Deployments, s3: S3Client
) -> None:
    keeping = {"OnRefusal": "KEEP_PREVIOUS"}
    stack.deploy(leased(1, **keeping), 1)
    stack.deploy(leased(2, **keeping), 2)
    stack.deploy(leased(3, **keeping), REFUSED)

    assert named(s3) == [("2", "1")]


def test_an_import_holds_a_lease_beside_that_of_the_optimizer(stack: Deployments, s3: S3Client) -> None:
    first = stack.deploy(leased(1), 1)
    imported(first, "Create")
    second = stack.deploy(leased(2), 2)
    stack.deploy(leased(3), 3)

    imported(second, "Update", first)

    assert sorted(named(s3)) == [("2", "1"), ("3", "2")]
    assert sorted(leased_versions(Store(BUCKET), PREFIX)) == [1, 2, 3]


def test_an_import_by_a_pointer_leases_what_the_pointer_names(stack: Deployments, s3: S3Client) -> None:
    first = stack.deploy(leased(1), 1)
    pointer = json.dumps({"manifestKey": first["ManifestKey"], "manifestSha256": first["ManifestSha256"]})

    imported({"ManifestKey": "", "ManifestSha256": ""}, "Create", Pointer=pointer)

    assert named(s3) == [("1", ""), ("1", "")]


def test_a_rollback_from_an_unusable_pointer_succeeds(stack: Deployments) -> None:
    first = stack.deploy(leased(1), 1)
    event = build_event(request_type="Update") | {"LogicalResourceId": "Compatibility"}
    event["ResourceProperties"] = compatibility_properties(first, Lease="true")
    event["OldResourceProperties"] = {
        "Mode": "compatibility",
        "Bucket": BUCKET,
        "Pointer": "nothing yet",
        "Lease": "true",
    }

    assert on_event(event, None)["Data"]["Version"] == "1"


def test_a_deleted_import_needs_no_version_any_more(stack: Deployments, s3: S3Client) -> None:
    first = stack.deploy(leased(1), 1)
    imported(first, "Create")
    stack.deploy(leased(2), 2)
    stack.deploy(leased(3), 3)
    assert 1 in leased_versions(Store(BUCKET), PREFIX)

    imported(first, "Delete")

    for lease in leases(s3):
        jsonschema.validate(lease, schema("lease"))
    assert sorted(leased_versions(Store(BUCKET), PREFIX)) == [2, 3]


def test_the_deletion_of_an_import_that_may_not_write_does_not_fail(
    stack: Deployments, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = stack.deploy(leased(1), 1)
    imported(first, "Create")
    deny_writes(monkeypatch)

    imported(first, "Delete")

    assert "stays, and keeps its versions until it is deleted" in capsys.readouterr().out


def test_an_import_that_may_not_write_its_lease_fails_and_says_what_to_do(
    stack: Deployments, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stack.deploy(leased(1), 1)
    deny_writes(monkeypatch)

    with pytest.raises(
        ModelError, match=r"cannot be written \(AccessDenied.*\): allow s3:PutObject there, or .* lease: false"
    ):
        imported(first, "Create")
    assert clock.slept  # a new role's permission takes a while


def test_a_rollback_that_may_not_write_its_lease_succeeds_if_it_names_the_version(
    stack: Deployments, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stack.deploy(leased(1), 1)
    imported(first, "Create")
    second = stack.deploy(leased(2), 2)
    deny_writes(monkeypatch)
    with pytest.raises(ModelError, match="cannot be written"):
        imported(second, "Update", first)

    assert imported(first, "Update", second)["Data"]["Version"] == "1"
    assert ("1", "") in named(s3)


def test_a_lease_that_cannot_be_read_keeps_everything(s3: S3Client) -> None:
    publish(s3, 1)
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/leases/broken.json", Body=b'{"serves": ')

    with pytest.raises(
        ModelError, match=r"leases/broken\.json is not a lease as a deployment writes it, so nothing is pruned"
    ):
        leased_versions(Store(BUCKET), PREFIX)


def deny_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    def put_object(**_: Any) -> None:
        raise DENIED

    monkeypatch.setattr(aws.s3(), "put_object", put_object)
