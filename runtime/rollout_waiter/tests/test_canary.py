from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pods
import pytest
from rollout_waiter.alarms import AlarmsError
from rollout_waiter.cluster import ClusterError
from rollout_waiter.handler import watch_pod_canary
from test_rollout import FakeCluster, Time

if TYPE_CHECKING:
    from collections.abc import Callable

BAKE = 300
OLDER, NEWER = "2026-11-24T08:00:00Z", "2026-11-26T08:00:00Z"


def page(ok: int = 0, failed: int = 0, microseconds: int = 1000) -> str:
    """A server's metrics, after requests that all took as long."""
    labels = 'API="predict",entrypoint="REST",model_name="digits"'
    return (
        f':tensorflow:serving:request_count{{model_name="digits",status="OK"}} {ok}\n'
        f':tensorflow:serving:request_count{{model_name="digits",status="INTERNAL"}} {failed}\n'
        f':tensorflow:serving:request_latency_bucket{{{labels},le="{microseconds}"}} {ok + failed}\n'
        f':tensorflow:serving:request_latency_bucket{{{labels},le="+Inf"}} {ok + failed}\n'
    )


class CanaryCluster(FakeCluster):
    """A cluster in which a canary serves."""

    def __init__(self, **found: Any) -> None:
        self.page_of: Callable[[str], str] = lambda _: page(100)
        self.asked_pages: list[str] = []
        self.stable = True
        replica_sets = {"canary": [pods.replica_set(1)], "left": [pods.replica_set(3)]}
        super().__init__(**{"pods": [pods.available()], "replica_sets": replica_sets, **found})

    def find(self, path: str) -> pods.Object | None:
        return super().find(path) if self.stable or not path.endswith("/digits") else None

    def page(self, path: str) -> str:
        self.asked_pages.append(path)
        return self.page_of(path)


def event(request: str = "Update", old: str = "left", **changed: Any) -> dict[str, Any]:
    properties = {
        "ClusterName": "models",
        "Namespace": pods.NAMESPACE,
        "Name": "digits-canary",
        "StableName": "digits",
        "Selector": f"{pods.ROLLOUT}=canary",
        "StableSelector": f"{pods.ROLLOUT}=new",
        "Replicas": "1",
        "BakeSeconds": str(BAKE),
        "Port": "8501",
        "Path": "/monitoring/prometheus/metrics",
        "MaxErrorRate": "0.01",
        **changed,
    }
    before = {"OldResourceProperties": {**properties, "StableSelector": f"{pods.ROLLOUT}={old}"}} if old else {}
    return {"RequestType": request, "ResourceProperties": properties, **before}


def silent(_: list[str]) -> str:
    return ""


def run(cluster: CanaryCluster, time: Time, what: dict[str, Any] | None = None, alarm_reason: Any = silent) -> str:
    return watch_pod_canary(cluster, what or event(), time.clock(), 870, alarm_reason)


def test_canary_that_works_goes_on_after_its_bake_and_not_before(capsys: pytest.CaptureFixture[str]) -> None:
    time, cluster = Time(), CanaryCluster()

    assert run(cluster, time) == ""
    assert time.passed == BAKE
    path = f"/api/v1/namespaces/{pods.NAMESPACE}/pods/{pods.NAME}:8501/proxy/monitoring/prometheus/metrics"
    assert set(cluster.asked_pages) == {path}
    assert "digits-canary may go on: 100 requests, 0 failed" in capsys.readouterr().out


def test_metrics_of_pods_that_encrypt_are_read_by_https() -> None:
    cluster = CanaryCluster()

    assert run(cluster, Time(), event(Scheme="https")) == ""
    path = f"/api/v1/namespaces/{pods.NAMESPACE}/pods/https:{pods.NAME}:8501/proxy/monitoring/prometheus/metrics"
    assert set(cluster.asked_pages) == {path}


@pytest.mark.fault
def test_failing_requests_end_the_bake_early_and_are_counted() -> None:
    time, cluster = Time(), CanaryCluster(page_of=lambda _: page(480, 20))

    reason = run(cluster, time)

    assert reason.startswith("20 of 500 requests to the new version failed (INTERNAL 20): 4.00%")
    assert "maxErrorRate allows 1.00%" in reason
    assert "models/digits-canary: stopped after 0 s of 300 s, before any other pod was changed" in reason


def test_failing_requests_are_named_even_if_another_pod_is_not_ready() -> None:
    found = {"pods": [pods.available("a"), pods.unready("b")], "page_of": lambda _: page(480, 20)}

    assert run(CanaryCluster(**found), Time(), event(Replicas="2")).startswith("20 of 500 requests")


def test_pod_that_has_no_conditions_yet_is_waited_for() -> None:
    created = pods.pod("new", init=[], main=[])
    created["status"] = {"phase": "Pending"}
    found = {"pods": [created], "replica_sets": {"canary": [pods.replica_set()], "left": [pods.replica_set(3)]}}

    assert run(CanaryCluster(**found), Time()).startswith("the pod is not ready\n")


def test_few_failures_are_judged_by_their_share_at_the_end() -> None:
    time, cluster = Time(), CanaryCluster(page_of=lambda _: page(96, 4))

    assert "4 of 100 requests" in run(cluster, time)
    assert time.passed == BAKE
    many = CanaryCluster(page_of=lambda _: page(10_000 if many_time.passed == BAKE else 96, 4))
    many_time = Time()
    assert run(many, many_time) == ""


def test_latency_above_the_limit_fails() -> None:
    slow = CanaryCluster(page_of=lambda _: page(100, microseconds=500_000))

    assert "the 99th percentile of the new version's latency is 495.0 ms" in run(
        slow, Time(), event(MaxLatencyMilliseconds="250")
    )
    assert run(slow, Time(), event(MaxLatencyMilliseconds="600")) == ""
    assert run(slow, Time()) == ""


@pytest.mark.fault
def test_restart_during_the_bake_fails_with_the_end_of_the_log() -> None:
    time = Time()
    again = pods.available()
    again["status"]["containerStatuses"][0] |= {
        "restartCount": 1,
        "lastState": {"terminated": pods.terminated(139, message="F core] model")},
    }
    cluster = CanaryCluster()
    cluster.page_of = lambda _: (cluster.pods.__setitem__(0, again), page(10))[1]

    reason = run(cluster, time)

    assert reason.startswith("tensorflow-serving ends with exit code 139. Its log ends:\nF core] model")
    assert time.passed < BAKE


def test_restart_before_the_bake_does_not_count() -> None:
    pod = pods.available()
    pod["status"]["containerStatuses"][0]["restartCount"] = 2

    assert run(CanaryCluster(pods=[pod]), Time()) == ""


@pytest.mark.fault
def test_alarm_ends_the_bake() -> None:
    time, asked = Time(), []

    def alarm_reason(names: list[str]) -> str:
        asked.append(names)
        return "the alarm orders is in the state ALARM: none" if time.passed >= 60 else ""

    reason = run(CanaryCluster(), time, event(Alarms=["orders"]), alarm_reason)

    assert reason.startswith("the alarm orders is in the state ALARM: none")
    assert time.passed == 60
    assert asked[0] == ["orders"]


def test_alarms_that_cannot_be_read_at_the_end_fail_and_are_tried_again_before() -> None:
    def unreachable(names: list[str]) -> str:
        raise AlarmsError(f"CloudWatch did not describe the alarms {', '.join(names)}: timeout")

    time = Time()
    assert run(CanaryCluster(), time, event(Alarms=["orders"]), unreachable).startswith("CloudWatch did not describe")
    assert BAKE < time.passed <= BAKE + 60
    recovering = Time()
    assert (
        run(CanaryCluster(), recovering, alarm_reason=lambda n: unreachable(n) if recovering.passed < 100 else "") == ""
    )


@pytest.mark.fault
def test_metrics_that_cannot_be_read_at_the_end_fail() -> None:
    def refused(_: str) -> str:
        raise ClusterError("the API server answered 503 for /…/proxy/…: no route to host")

    time = Time()
    reason = run(CanaryCluster(page_of=lambda path: refused(path) if time.passed else page(10)), time)

    assert reason.startswith("the metrics of the canary's pods cannot be read: the API server answered 503")
    assert time.passed > BAKE
    recovering = Time()
    later = CanaryCluster(page_of=lambda path: refused(path) if 0 < recovering.passed < BAKE else page(10))
    assert run(later, recovering) == ""


@pytest.mark.fault
def test_pods_that_the_api_server_never_reaches_fail_at_once_with_the_port() -> None:
    def refused(_: str) -> str:
        raise ClusterError("the API server answered 502 for /…/proxy/…: dial tcp 10.0.0.9:8501: i/o timeout")

    time = Time()
    reason = run(CanaryCluster(page_of=refused), time)

    assert reason.startswith("the control plane does not reach port 8501 of the canary's pods")
    assert "security groups and network policies" in reason
    assert "i/o timeout" in reason
    assert "stopped after 20 s of 300 s" in reason
    busy = Time()
    assert run(CanaryCluster(page_of=lambda path: refused(path) if busy.passed < 20 else page(10)), busy) == ""


def test_pod_that_is_not_available_at_the_end_fails_with_its_fault() -> None:
    cluster = CanaryCluster(replica_sets={"canary": [pods.replica_set(0)]}, pods=[pods.unschedulable()])

    assert run(cluster, Time()).startswith("no node takes the pod (Unschedulable)")


def test_requests_of_a_pod_that_is_gone_count_too() -> None:
    time, cluster = Time(), CanaryCluster()

    def replaced(path: str) -> str:
        if time.passed == 0:
            return page(50, 9)
        cluster.pods[:] = [pods.available("another")]
        return page(50, 1 if "another" in path else 9)

    cluster.page_of = replaced

    assert "10 of 110 requests" in run(cluster, time)


def test_busy_api_server_is_asked_again() -> None:
    assert run(CanaryCluster(refuses=3), Time()) == ""
    assert "the API server answered 503" in run(CanaryCluster(refuses=10**6), Time())


@pytest.mark.parametrize(
    ("cluster", "what"),
    [
        ({"stable": False, "replica_sets": {"canary": [pods.replica_set(1)]}}, event("Create", old="")),
        # A canary for a service that has this version already.
        ({"replica_sets": {"new": [pods.replica_set(3)]}}, event("Create", old="")),
        ({"replica_sets": {"new": [pods.replica_set(3)]}}, event(old="new", BakeSeconds="60")),
        # The rollback of a version that only the canary got, and of one that the other pods got too.
        ({"replica_sets": {"new": [pods.replica_set(3)]}}, event()),
        ({"replica_sets": {"new": [pods.replica_set(3, created=OLDER)], "left": [pods.replica_set(1)]}}, event()),
    ],
)
def test_what_served_before_does_not_bake_again(cluster: dict[str, Any], what: dict[str, Any]) -> None:
    time, failing = Time(), CanaryCluster(page_of=lambda _: page(0, 1000), **cluster)

    assert run(failing, time, what) == ""
    assert time.passed == 0


def test_version_whose_other_pods_did_not_start_bakes_again() -> None:
    sets = {
        "canary": [pods.replica_set(1)],
        "new": [pods.replica_set(0, created=NEWER)],
        "left": [pods.replica_set(3, created=OLDER)],
    }
    time = Time()

    assert run(CanaryCluster(replica_sets=sets), time) == ""
    assert time.passed == BAKE


def test_bake_ends_with_the_functions_time() -> None:
    time = Time()

    assert watch_pod_canary(CanaryCluster(), event(BakeSeconds="900"), time.clock(), 100, silent) == ""
    assert time.passed == 100
