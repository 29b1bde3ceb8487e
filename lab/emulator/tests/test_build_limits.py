"""CodeBuild's quotas, and roles whose policies have not arrived yet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from running import started
from support import finished, project, start_build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from running import Running

QUICK = "version: 0.2\nphases: {build: {commands: [echo done]}}"


@pytest.fixture(scope="module")
def new_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The embedded AWS of an account that may run one build at a time."""
    with started(tmp_path_factory.mktemp("embedded-aws"), "--codebuild-concurrency", "1") as running:
        yield running


class LongBuild:
    """A build that runs until it is let go."""

    def __init__(self, aws: Running, directory: Path) -> None:
        self._aws, self._go = aws, directory / "go"  # builds see the files of this machine
        wait = f"until [ -e {self._go} ]; do sleep 0.2; done"
        self.project = project(aws, f"version: 0.2\nphases: {{build: {{commands: ['{wait}']}}}}")
        self.build = start_build(aws, self.project)
        while phase(aws, self.build) != "BUILD":
            time.sleep(0.05)

    def finish(self) -> str:
        self._go.touch()
        return str(finished(self._aws, self.build)["buildStatus"])


def phase(aws: Running, build: str) -> str:
    return str(aws.client("codebuild").batch_get_builds(ids=[build])["builds"][0]["currentPhase"])


def test_builds_over_the_quota_wait_their_turn_and_too_many_are_refused(new_account: Running, tmp_path: Path) -> None:
    running = LongBuild(new_account, tmp_path)
    quick = project(new_account, QUICK)
    waiting = [start_build(new_account, quick) for _ in range(5)]

    assert {phase(new_account, build) for build in waiting} == {"QUEUED"}
    with pytest.raises(ClientError, match="Cannot have more than 5 builds in queue for the account") as caught:
        start_build(new_account, quick)
    assert caught.value.response["Error"]["Code"] == "AccountLimitExceededException"

    stopped = new_account.client("codebuild").stop_build(id=waiting[0])["build"]
    assert stopped["buildStatus"] == "STOPPED"
    assert running.finish() == "SUCCEEDED"
    ended = [finished(new_account, build) for build in waiting]
    assert [build["buildStatus"] for build in ended] == ["STOPPED", *["SUCCEEDED"] * 4]
    starts = [build["phases"][2]["startTime"] for build in ended[1:]]
    assert starts == sorted(starts)


def test_a_project_refuses_builds_over_its_own_limit(aws: Running, tmp_path: Path) -> None:
    running = LongBuild(aws, tmp_path)
    client = aws.client("codebuild")
    assert client.update_project(name=running.project, concurrentBuildLimit=1)["project"]["concurrentBuildLimit"] == 1

    with pytest.raises(ClientError, match="Cannot have more than 1 concurrent builds"):
        start_build(aws, running.project)

    assert running.finish() == "SUCCEEDED"


def test_a_new_role_is_denied_access_for_a_while(tmp_path_factory: pytest.TempPathFactory) -> None:
    with started(tmp_path_factory.mktemp("embedded-aws"), "--role-delay", "3600") as aws:
        build = finished(aws, start_build(aws, project(aws, QUICK)))

    assert build["buildStatus"] == "FAILED"
    [context] = build["phases"][2]["contexts"]
    assert context["statusCode"] == "ACCESS_DENIED"
    assert "is not authorized to perform: logs:CreateLogStream" in context["message"]
