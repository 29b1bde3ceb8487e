"""Deployments, rollbacks and other runs that come between any two requests of a run that prunes.

Whoever is told that a version is served must find it complete afterwards; who is refused must be told why.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from index import on_event
from model_builds import aws
from model_builds.documents.pruned_versions import consider
from model_builds.errors import ModelError
from model_builds.retention.inventory import list_versions
from model_builds.store import Store
from model_builds.versions.records import find_version
from pruned_models import leased
from published_models import BUCKET, PREFIX, build_event, compatibility_properties
from refused_models import STACK_ID, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pruned_models import Pruning

#: Upper limit of the requests that a run with three versions makes. A test fails if a run makes more.
MOST_REQUESTS = 42
#: Every sixth, and the last, in `npm test`; all of them in `npm run test:slow`.
MOMENTS = [pytest.param(moment, marks=() if moment % 6 == 5 else pytest.mark.slow) for moment in range(MOST_REQUESTS)]


class Requests:
    """Counts the requests of a run to S3, and does something before one of them."""

    def __init__(self, moment: int, do: Callable[[], None]) -> None:
        self.count, self.done = 0, False
        self._moment, self._do, self._inside = moment, do, False

    def before(self, **_: Any) -> None:
        if self._inside:
            return
        if self.count == self._moment:
            self._inside, self.done = True, True
            try:
                self._do()
            finally:
                self._inside = False
        self.count += 1


@contextmanager
def between(moment: int, do: Callable[[], None]) -> Iterator[Requests]:
    """Do something before the request of this number."""
    requests = Requests(moment, do)
    events = aws.s3().meta.events
    events.register("before-call.s3", requests.before, unique_id="between")
    try:
        yield requests
    finally:
        events.unregister("before-call.s3", unique_id="between")
    assert moment < MOST_REQUESTS - 1 or not requests.done, "raise MOST_REQUESTS: not every moment is tried"


@pytest.fixture
def three(pruning: Pruning) -> dict[int, dict[str, str]]:
    """Three versions, the first of which is old enough to go."""
    records = dict(enumerate(pruning.deploy(1, 2, 3), start=1))
    pruning.wait(2)
    return records


def is_whole(version: int) -> bool:
    return find_version(Store(BUCKET), PREFIX, key_of(leased(version)), version) is not None


class Outcome:
    """The answer to somebody who asked for a version."""

    def __init__(self) -> None:
        self.data: dict[str, str] | None = None
        self.error = ""

    def of(self, ask: Callable[[], dict[str, str]]) -> Callable[[], None]:
        def asking() -> None:
            try:
                self.data = ask()
            except ModelError as error:
                self.error = str(error)

        return asking


def expect_consistent(outcome: Outcome, requests: Requests) -> None:
    """Nobody is served what is gone, and nobody is refused without the reason."""
    if not requests.done:
        return
    if outcome.data is None:
        assert "version 1 of s3://models/" in outcome.error
        assert "was pruned by the retention" in outcome.error
    else:
        assert outcome.data["Version"] == "1"
        assert is_whole(1)
    assert is_whole(2)
    assert is_whole(3)


# A rollback of a delivery in the middle of a run finds the version whole, or is refused with the reason.
@pytest.mark.fault
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_delivery_goes_back_to_a_version_during_a_run(
    pruning: Pruning, three: dict[int, dict[str, str]], moment: int
) -> None:
    entry = {"bucket": BUCKET, "manifestKey": three[1]["ManifestKey"], "manifestSha256": three[1]["ManifestSha256"]}
    outcome = Outcome()

    def roll_back() -> dict[str, str]:
        pruning.stack.status = "UPDATE_IN_PROGRESS"
        try:
            return pruning.stack.deploy(leased(3, Serve=json.dumps([entry])))
        finally:
            pruning.stack.status = "UPDATE_COMPLETE"

    with between(moment, outcome.of(roll_back)) as requests:
        pruning.run()

    expect_consistent(outcome, requests)


@pytest.mark.parametrize("moment", MOMENTS)
def test_another_stack_takes_a_version_during_a_run(
    pruning: Pruning, three: dict[int, dict[str, str]], moment: int
) -> None:
    event = build_event() | {"StackId": f"{STACK_ID}-other", "LogicalResourceId": "Compatibility"}
    event["ResourceProperties"] = compatibility_properties(three[1], Lease="true")
    outcome = Outcome()

    with between(moment, outcome.of(lambda: on_event(event, None)["Data"])) as requests:
        pruning.run()

    expect_consistent(outcome, requests)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_update_that_fails_during_a_run_finds_what_served_however_old_it_is(pruning: Pruning, moment: int) -> None:
    pruning.deploy(4)
    second = pruning.stack.deploy(leased(2))  # by an older app
    back: list[dict[str, str]] = []

    def update() -> None:
        _, data = pruning.stack.deploy_and_roll_back(leased(5), 5)
        back.append(data)
        pruning.stack.status = "UPDATE_ROLLBACK_COMPLETE"

    with between(moment, update) as requests:
        pruning.run()

    assert back == ([second] if requests.done else [])
    assert is_whole(2)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_ends_anywhere_is_finished_by_the_next_one(pruning: Pruning, moment: int) -> None:
    def end() -> None:
        raise KeyboardInterrupt

    with between(moment, end) as requests:
        try:
            pruning.run()
        except KeyboardInterrupt:
            assert requests.done
    pruning.wait(2.1)

    pruning.run()

    assert (pruning.left, pruning.traces_of(1)) == ([2, 3], [])
    mark = pruning.mark_of(1)
    assert mark is not None
    assert mark["state"] == "PRUNED"
    assert is_whole(2)
    assert is_whole(3)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("moment", MOMENTS)
def test_two_runs_at_a_time_remove_the_same(pruning: Pruning, moment: int) -> None:
    with between(moment, pruning.run):
        pruning.run()

    assert (pruning.left, pruning.traces_of(1)) == ([2, 3], [])
    assert is_whole(2)
    assert is_whole(3)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"])
def test_a_version_that_is_announced_when_the_stack_begins_to_change_is_spared(
    pruning: Pruning, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    original = aws.s3().put_object

    def put_object(**given: Any) -> Any:
        answer = original(**given)
        if "/pruned/" in given["Key"]:
            pruning.stack.status = status
        return answer

    monkeypatch.setattr(aws.s3(), "put_object", put_object)

    answer = pruning.run()

    assert answer["pruned"] == []
    assert answer["kept"][0] == {"version": "1", "reason": f"the stack {STACK_ID} has the status {status}"}
    assert (is_whole(1), pruning.mark_of(1)) == (True, None)


@pytest.mark.usefixtures("three")
def test_a_version_that_another_run_has_announced_is_left_to_it_for_an_hour(pruning: Pruning) -> None:
    store = Store(BUCKET)
    first = list_versions(store, PREFIX, "litert")[0]
    assert consider(store, first.manifest_key, "another run")

    assert pruning.run()["kept"][0] == {"version": "1", "reason": "another run is removing it"}

    pruning.wait(2 + 2 / 24)
    assert pruning.pruned() == ["1"]
