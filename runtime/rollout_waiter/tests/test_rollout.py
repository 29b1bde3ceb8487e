from __future__ import annotations

from typing import Any

import pods
import pytest
from rollout_waiter.cluster import ClusterError
from rollout_waiter.handler import watch_rollout
from rollout_waiter.rollout import Clock


class Time:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0

    def clock(self) -> Clock:
        return Clock(lambda: self.passed, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.passed += seconds


class FakeCluster:
    """A cluster that has what a test gives it."""

    def __init__(self, **found: Any) -> None:
        self.replica_sets: dict[str, list[pods.Object]] = {"new": [pods.replica_set()]}
        self.pods: list[pods.Object] = []
        self.events: list[pods.Object] = []
        self.deployment: pods.Object | None = pods.deployment()
        self.logs: dict[tuple[str, str, bool], str] = {}
        self.refuses = 0
        self.asked_logs: list[str] = []
        self.asked_events: list[str] = []
        self.__dict__.update(found)

    def items(self, path: str, **query: str) -> list[pods.Object]:
        if self.refuses:
            self.refuses -= 1
            raise ClusterError("the API server answered 503")
        if path.endswith("/replicasets"):
            return self.replica_sets.get(query["labelSelector"].rpartition("=")[2], [])
        if path.endswith("/pods"):
            return self.pods
        pod = query["fieldSelector"].removeprefix("type=Warning,involvedObject.name=")
        self.asked_events.append(pod)
        return [event for event in self.events if event["involvedObject"]["name"] == pod]

    def find(self, _path: str) -> pods.Object | None:
        return self.deployment

    def log(self, _namespace: str, pod: str, container: str, *, previous: bool) -> str:
        self.asked_logs.append(pod)
        return self.logs.get((pod, container, previous), "")


def event(request: str = "Create", seconds: int = 840, old: str = "") -> dict[str, Any]:
    properties = {
        "ClusterName": "models",
        "Namespace": pods.NAMESPACE,
        "Name": "digits",
        "Selector": f"{pods.ROLLOUT}=new",
        "Replicas": "3",
        "TimeoutSeconds": str(seconds),
    }
    before = {"OldResourceProperties": {**properties, "Selector": f"{pods.ROLLOUT}={old}"}} if old else {}
    return {"RequestType": request, "ResourceProperties": properties, **before}


def test_succeeds_as_soon_as_enough_pods_of_the_new_template_are_available() -> None:
    time = Time()

    assert watch_rollout(FakeCluster(replica_sets={"new": [pods.replica_set(3)]}), event(), time.clock(), 870) == ""
    assert time.passed == 0


def test_waits_until_the_time_is_over_and_says_why() -> None:
    time = Time()
    cluster = FakeCluster(pods=[pods.unschedulable()])

    reason = watch_rollout(cluster, event(seconds=60), time.clock(), 870)

    assert reason.startswith("no node takes the pod")
    assert "models/digits: 0 of 3 new pods were available after 60 s" in reason
    assert 50 <= time.passed <= 60


def test_never_waits_longer_than_the_function_may_run() -> None:
    time = Time()

    assert "after 100 s" in watch_rollout(FakeCluster(pods=[pods.unschedulable()]), event(), time.clock(), 100)
    assert time.passed <= 100


@pytest.mark.fault
def test_ends_early_when_a_container_has_crashed_too_often_to_recover() -> None:
    time = Time()

    reason = watch_rollout(FakeCluster(pods=[pods.refused(restarts=6)]), event(), time.clock(), 870)

    assert "because waiting does not help" in reason
    assert "sha256sum: WARNING" in reason
    assert time.passed < 200


def test_keeps_waiting_while_a_crashing_pod_or_another_one_may_recover() -> None:
    few, mixed = Time(), Time()

    assert "after 840 s" in watch_rollout(FakeCluster(pods=[pods.refused(restarts=2)]), event(), few.clock(), 870)
    both = FakeCluster(pods=[pods.refused("a", restarts=9), pods.unschedulable("b")])
    assert "after 840 s" in watch_rollout(both, event(), mixed.clock(), 870)


@pytest.mark.fault
def test_missing_image_ends_the_wait_after_some_minutes_even_if_its_reasons_alternate() -> None:
    time = Time()
    cluster = FakeCluster(pods=[pods.unpullable()])
    clock = Clock(
        lambda: time.passed,
        lambda seconds: (
            time._sleep(seconds),
            cluster.pods.__setitem__(
                0, pods.unpullable() if time.passed % 20 else pods.unpullable(reason="ErrImagePull", message=pods.PULL)
            ),
        )[0],
    )

    reason = watch_rollout(cluster, event(), clock, 870)

    assert "cannot be pulled" in reason
    assert 300 <= time.passed < 360


def test_ends_when_kubernetes_gives_up_on_this_version_and_not_on_the_previous_one() -> None:
    exceeded = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "x"}
    now, before = Time(), Time()
    unready = [pods.unready()]

    reason = watch_rollout(FakeCluster(pods=unready, deployment=pods.deployment(exceeded)), event(), now.clock(), 870)
    assert "when Kubernetes gave up (ProgressDeadlineExceeded)" in reason
    assert now.passed == 0
    stale = FakeCluster(pods=unready, deployment=pods.deployment(exceeded, observed=1))
    assert "after 840 s" in watch_rollout(stale, event(), before.clock(), 870)


def test_log_is_read_if_the_status_has_none() -> None:
    cluster = FakeCluster(
        pods=[pods.unready(name) for name in "abcdef"],
        logs={("a", "tensorflow-serving", False): "W could not find any versions of servable digits"},
    )

    reason = watch_rollout(cluster, event(seconds=10), Time().clock(), 870)

    assert "could not find any versions of servable digits" in reason
    assert cluster.asked_logs == ["a", "b", "c"]


def test_events_are_read_once_and_only_for_pods_with_a_fault() -> None:
    probe = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    cluster = FakeCluster(pods=[pods.unready("a"), pods.available("b")], events=[pods.event("Unhealthy", probe, "a")])

    assert probe in watch_rollout(cluster, event(seconds=60), Time().clock(), 870)
    assert cluster.asked_events == ["a"]


@pytest.mark.fault
def test_busy_api_server_is_retried_and_reported_if_it_stays_busy() -> None:
    busy = FakeCluster(replica_sets={"new": [pods.replica_set(3)]}, refuses=4)

    assert watch_rollout(busy, event(), Time().clock(), 870) == ""
    reason = watch_rollout(FakeCluster(refuses=10**6), event(seconds=30), Time().clock(), 870)
    assert reason.startswith("the rollout could not be watched: the API server answered 503")


@pytest.mark.parametrize(
    ("found", "what"),
    [
        ({"deployment": None, "replica_sets": {}}, "there is no Deployment of this name"),
        ({"replica_sets": {}}, "Kubernetes made no ReplicaSet"),
        ({"replica_sets": {"new": [pods.replica_set()]}}, "Kubernetes made no pod, and does not say why"),
        ({"pods": [pods.available(name) for name in "abc"]}, "were not for minReadyTime"),
    ],
)
def test_rollout_without_a_faulty_pod_says_what_is_missing(found: dict[str, Any], what: str) -> None:
    assert what in watch_rollout(FakeCluster(**found), event(seconds=10), Time().clock(), 870)


@pytest.mark.fault
def test_rollback_of_a_version_that_never_started_waits_briefly_and_does_not_fail() -> None:
    time = Time()
    older = pods.replica_set(1, created="2026-11-24T08:00:00Z")
    cluster = FakeCluster(replica_sets={"new": [older], "failed": [pods.replica_set()]}, pods=[pods.unschedulable()])

    assert watch_rollout(cluster, event("Update", old="failed"), time.clock(), 870) == ""
    assert time.passed <= 120


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        # The version before is going, and has all pods until this one's take over.
        (pods.replica_set(0, created="2026-11-24T08:00:00Z"), pods.replica_set(3)),
        # A newer version is no rollback.
        (pods.replica_set(1, created="2026-11-26T08:00:00Z"), pods.replica_set()),
    ],
)
def test_other_updates_wait_and_fail_as_creations_do(wanted: pods.Object, left: pods.Object) -> None:
    cluster = FakeCluster(replica_sets={"new": [wanted], "old": [left]}, pods=[pods.unschedulable()])

    assert "after 840 s" in watch_rollout(cluster, event("Update", old="old"), Time().clock(), 870)
