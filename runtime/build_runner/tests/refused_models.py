"""Jobs that the gate refuses, and a stack that is taken from one model to the next as CloudFormation does it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.stub import Stubber
from cdk_tensorflow_shared.build_key import build_key
from codebuild_answers import answered, build, listed
from index import is_complete, on_event
from model_builds import aws
from published_models import BUCKET, BUILD_ID, JOB, PREFIX, PROJECT, build_event, publish

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from mypy_boto3_s3 import S3Client

SCHEMAS = Path(__file__).parents[1] / "src" / "model_builds"
STACK_ID = build_event()["StackId"]
REASON = "no candidate passed the gate: use a less strict gate or a milder recipe"
REFUSED = {
    "exitCode": 3,
    "sentence": REASON,
    "candidates": [{"name": "float16", "status": "rejected", "reason": "too large", "metrics": {"sizeBytes": 250_000}}],
}
Properties = dict[str, Any]


def job(seed: int, **changes: Any) -> dict[str, Any]:
    """Return a job that is another one for each seed."""
    return copy.deepcopy(JOB) | {"seed": seed} | changes


def properties(job: dict[str, Any], attempt: int | str | None = None, **changes: Any) -> Properties:
    """Return what the template says of a job whose refusal is to leave the deployment standing."""
    given = {} if attempt is None else {"Attempt": str(attempt)}
    return build_event(job)["ResourceProperties"] | {"OnRefusal": "KEEP_PREVIOUS"} | given | changes


A, B, C = (properties(job(seed)) for seed in (1, 2, 3))


def key_of(properties: Properties) -> str:
    return build_key(json.loads(properties["Job"]))


class Deployments:
    """One stack with one model. Only CodeBuild, the event bus and the stack's own status are scripted.

    Attributes:
        now: Properties that the stack has; None before its first deployment.
        events: Events of refusals.
        published: Events of published versions.
        status: What CloudFormation says of the stack.
        ended: How its operation before ended.
        asked_for_status: How often it was asked.
        running: Build of the job before, which a change of the job or its attempt stops.
    """

    def __init__(self, s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
        self._s3, self._patch = s3, monkeypatch
        self.now: Properties | None = None
        self._builds = 0
        self.events: list[dict[str, Any]] = []
        self.published: list[dict[str, Any]] = []
        self.status = "UPDATE_IN_PROGRESS"
        self.ended = "UPDATE_COMPLETE"
        self.asked_for_status = 0
        self.running: dict[str, Any] | None = None
        monkeypatch.setattr(aws.events(), "put_events", self._put_events)
        monkeypatch.setattr(aws.cloudformation(), "describe_stacks", self._describe)
        monkeypatch.setattr(aws.cloudformation(), "describe_stack_events", self._events)

    def deploy(self, new: Properties, outcome: dict[str, Any] | int | None = None, **how: Any) -> dict[str, str]:
        """Take the stack to new properties and return the resource's data; an error leaves it where it was.

        Args:
            new: The properties.
            outcome: How the one build ends that is expected: an outcome.json, or the version that it publishes. None
                where nothing may be built.
            how: `status` of the build, where it is not that of a build that failed.
        """
        data = self._request(new, outcome, **how)
        self.now = new
        return data

    def deploy_and_roll_back(
        self, new: Properties, outcome: dict[str, Any] | int | None = None
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Take the stack to new properties and, because another resource fails, back; return the data of both."""
        before = self.now
        assert before is not None
        forward = self.deploy(new, outcome)
        self.status = "UPDATE_ROLLBACK_IN_PROGRESS"
        back = self.deploy(before)
        self.status = "UPDATE_IN_PROGRESS"
        return forward, back

    def _request(self, new: Properties, outcome: dict[str, Any] | int | None, status: str = "FAILED") -> dict[str, str]:
        old = {} if self.now is None else {"PhysicalResourceId": "id", "OldResourceProperties": self.now}
        event = build_event(request_type="Create" if self.now is None else "Update", **old)
        event["ResourceProperties"] = new
        with Stubber(aws.codebuild()) as codebuild:
            if self.now is not None and (key_of(self.now), self.now.get("Attempt", "1")) != (
                key_of(new),
                new.get("Attempt", "1"),
            ):
                self._expect_stop(codebuild)
            if outcome is not None:
                build_id = self._next_build()
                listed(codebuild)
                codebuild.add_response("start_build", {"build": {"id": build_id}})
                ended = "SUCCEEDED" if isinstance(outcome, int) else status
                answered(codebuild, build(ended, id=build_id), build_id=build_id)
            answer = on_event(event, None)
            if self.now is not None:
                assert answer["PhysicalResourceId"] == "id"
            if outcome is not None:
                self._end(outcome, new, build_id)
                answer = is_complete({**event, **answer}, None)
                assert answer["IsComplete"]
            codebuild.assert_no_pending_responses()
        data: dict[str, str] = answer["Data"]
        return data

    def _expect_stop(self, codebuild: Stubber) -> None:
        running, self.running = self.running, None
        listed(codebuild, *([running] if running else []))
        if running:
            codebuild.add_response("stop_build", {}, {"id": running["id"]})

    def _next_build(self) -> str:
        self._builds += 1
        return f"{PROJECT}:{self._builds}{BUILD_ID.partition(':')[2][1:]}"

    def _end(self, outcome: dict[str, Any] | int, new: Properties, build_id: str) -> None:
        if isinstance(outcome, int):
            architecture = json.loads(new["Job"])["architecture"]
            publish(self._s3, version=outcome, key=key_of(new), architecture=architecture)
            return
        directory = f"{PREFIX}/builds/{build_id.partition(':')[2]}/"
        self._s3.put_object(Bucket=BUCKET, Key=f"{directory}outcome.json", Body=json.dumps(outcome).encode())
        self._s3.put_object(Bucket=BUCKET, Key=f"{directory}report.html", Body=b"<html>")

    def _put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        for entry in Entries:
            (self.published if entry["DetailType"] == "ModelPublished" else self.events).append(entry)
        return {"FailedEntryCount": 0, "Entries": [{} for _ in Entries]}

    def _describe(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert StackName == STACK_ID
        self.asked_for_status += 1
        return {"Stacks": [{"StackStatus": self.status}]}

    def _events(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        resource = {"PhysicalResourceId": "id", "ResourceStatus": "UPDATE_FAILED"}
        own = [{"PhysicalResourceId": StackName, "ResourceStatus": status} for status in (self.status, self.ended)]
        return {"StackEvents": [resource, own[0], resource, own[1]]}


def kept_json(s3: S3Client, of: Properties) -> dict[str, Any]:
    content = s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}/keys/{key_of(of)}/kept.json")["Body"].read()
    document: dict[str, Any] = json.loads(content)
    return document


def schema(name: str) -> dict[str, Any]:
    (file,) = SCHEMAS.rglob(f"{name}.schema.json")
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def metric_lines(printed: str) -> Iterator[dict[str, Any]]:
    """Return the lines of a log that CloudWatch makes metrics of."""
    return (json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"'))
