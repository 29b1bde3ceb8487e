from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from rollout_waiter.alarms import AlarmsError
from rollout_waiter.fleet import FleetError, Health, Instance
from rollout_waiter.handler import watch_fleet_canary
from rollout_waiter.served import Served
from test_rollout import Time

if TYPE_CHECKING:
    from rollout_waiter.fleet import Metrics

BAKE = 300
GRPC, REST = (f"arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/{name}/1" for name in ("grpc", "rest"))
NEW, OLD = ("lt-1", "2"), ("lt-1", "1")
HEALTHY, FAILED = Health("healthy"), Health("unhealthy", "Target.FailedHealthChecks: Health checks failed")


class FakeFleet:
    """A fleet that has what a test gives it, and a canary with one instance that was replaced a moment ago."""

    def __init__(self, time: Time, **found: Any) -> None:
        self.time = time
        self.rolls_back = False
        self.members = {"i-old": Instance("i-old", OLD, "Terminating"), "i-new": Instance("i-new", NEW, "InService")}
        self.states = {"i-old": Health("draining"), "i-new": HEALTHY}
        self.grpc_states: dict[str, Health] | None = None
        self.answered = Served(100)
        self.refusals = 0
        self.asked_metrics: list[tuple[Metrics, float]] = []
        self.__dict__.update(found)

    def goes_back(self, _stack: str) -> bool:
        return self.rolls_back

    def instances(self, group: str) -> list[Instance]:
        assert group == "canaries"
        if self.refusals:
            self.refusals -= 1
            raise FleetError("the canary could not be watched: Rate exceeded")
        return list(self.members.values())

    def health(self, target_group: str) -> dict[str, Health]:
        return self.grpc_states if target_group == GRPC and self.grpc_states is not None else self.states

    def served(self, metrics: Metrics, seconds: float) -> Served:
        self.asked_metrics.append((metrics, seconds))
        return self.answered


class Later(FakeFleet):
    """A fleet that changes after 100 seconds."""

    def __init__(self, time: Time, **changes: Any) -> None:
        self.changes = changes
        super().__init__(time)

    def instances(self, group: str) -> list[Instance]:
        if self.time.passed >= 100:
            self.__dict__.update(self.changes)
        return super().instances(group)


def event(request: str = "Update", old: str = "1", **changed: Any) -> dict[str, Any]:
    properties = {
        "GroupName": "canaries",
        "LaunchTemplateId": "lt-1",
        "LaunchTemplateVersion": "2",
        "TargetGroupArns": [GRPC, REST],
        "Instances": "1",
        "BakeSeconds": str(BAKE),
        **changed,
    }
    before = {"OldResourceProperties": {**properties, "LaunchTemplateVersion": old}} if request == "Update" else {}
    return {"RequestType": request, "StackId": "stack", "ResourceProperties": properties, **before}


PUBLISHES = {"MaxErrorRate": "0.01", "Namespace": "Models", "FleetName": "Shop/Canary", "ModelName": "digits"}


def run(fleet: FakeFleet, what: dict[str, Any] | None = None, alarm_reason: Any = lambda _: "") -> str:
    return watch_fleet_canary(fleet, what or event(), fleet.time.clock(), 870, alarm_reason)


def test_canary_whose_instances_stay_healthy_goes_on_after_its_bake(capsys: pytest.CaptureFixture[str]) -> None:
    fleet = FakeFleet(Time())

    assert run(fleet) == ""
    assert fleet.time.passed == BAKE
    assert fleet.asked_metrics == []
    assert "canaries may go on: its instances were healthy\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("what", "rolls_back", "why"),
    [
        (event("Create"), False, "the canary is new"),
        (event(old="2"), False, "its instances are the same as before"),
        (event(), True, "the stack is being rolled back"),
    ],
)
def test_nothing_bakes_without_a_new_version(
    what: dict[str, Any], rolls_back: bool, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet = FakeFleet(Time(), rolls_back=rolls_back, states={})

    assert run(fleet, what) == ""
    assert fleet.time.passed == 0
    assert why in capsys.readouterr().out


@pytest.mark.fault
def test_unhealthy_instance_ends_the_bake_at_once() -> None:
    fleet = Later(Time(), states={"i-new": FAILED})

    reason = run(fleet)

    assert reason.startswith(
        "the instance is unhealthy in the target group grpc: Target.FailedHealthChecks: Health checks failed (i-new)"
    )
    assert "canaries: stopped after 100 s of 300 s, before any other instance was changed" in reason


def test_each_target_group_counts() -> None:
    assert "in the target group grpc" in run(FakeFleet(Time(), grpc_states={"i-new": FAILED}))
    assert "is unused in the target group grpc: Target.NotRegistered" in run(FakeFleet(Time(), grpc_states={}))


@pytest.mark.fault
@pytest.mark.parametrize("members", [{}, {"i-new": Instance("i-new", NEW, "Terminating")}])
def test_instance_that_leaves_its_group_ends_the_bake(members: dict[str, Instance]) -> None:
    fleet = Later(Time(), members={**members, "i-2": Instance("i-2", NEW, "InService")}, states={"i-2": HEALTHY})

    assert run(fleet).startswith("the instance left its Auto Scaling group, which ends unhealthy ones\ncanaries: ")


def test_several_unhealthy_instances_are_counted() -> None:
    members = {name: Instance(name, NEW, "InService") for name in ("i-1", "i-2")}
    fleet = FakeFleet(
        Time(), members=members, states=dict.fromkeys(members, FAILED), grpc_states=dict.fromkeys(members, HEALTHY)
    )

    assert "Health checks failed (2 instances)" in run(fleet, event(Instances="2"))


def test_missing_instances_and_unknown_health_fail_at_the_end_only() -> None:
    missing, unknown = (
        FakeFleet(Time()),
        FakeFleet(Time(), states={"i-new": Health("initial", "Elb.InitialHealthChecking")}),
    )

    assert "1 of 2 instances of the new version serve" in run(missing, event(Instances="2"))
    assert "is initial in the target group grpc: Elb.InitialHealthChecking" in run(unknown)
    assert min(missing.time.passed, unknown.time.passed) >= BAKE
    assert run(FakeFleet(Time(), refusals=3)) == ""


@pytest.mark.fault
def test_refusals_until_the_end_fail() -> None:
    fleet = FakeFleet(Time(), refusals=10_000)

    assert run(fleet).startswith("the canary could not be watched: Rate exceeded")
    assert fleet.time.passed >= BAKE


@pytest.mark.fault
def test_failing_requests_end_the_bake_where_instances_publish_them() -> None:
    fleet = Later(Time(), answered=Served(500, {"server faults": 20}))

    assert run(fleet, event(**PUBLISHES)).startswith(
        "20 of 500 requests to the new version failed (server faults 20): 4.00%, and maxErrorRate allows 1.00%"
    )
    assert fleet.time.passed == 100
    metrics, seconds = fleet.asked_metrics[-1]
    assert (metrics.namespace, metrics.fleet, metrics.model, seconds) == ("Models", "Shop/Canary", "digits", 100)


def test_few_failures_are_judged_by_their_share_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    few, some = Served(1000, {"server faults": 9}), Served(100, {"server faults": 9})

    assert run(FakeFleet(Time(), answered=few), event(**PUBLISHES)) == ""
    assert "1000 requests, 9 failed" in capsys.readouterr().out
    late = FakeFleet(Time(), answered=some)
    assert "9 of 100 requests" in run(late, event(**PUBLISHES))
    assert late.time.passed == BAKE


@pytest.mark.fault
def test_alarm_ends_the_bake() -> None:
    fleet = FakeFleet(Time())
    asked: list[list[str]] = []

    def goes_off(names: list[str]) -> str:
        asked.append(names)
        return "the alarm orders is in the state ALARM: none" if fleet.time.passed >= 50 else ""

    assert run(fleet, event(Alarms=["orders"]), goes_off).startswith("the alarm orders is in the state ALARM: none")
    assert fleet.time.passed == 50
    assert asked[0] == ["orders"]


def test_alarms_that_cannot_be_read_fail_at_the_end() -> None:
    fleet = FakeFleet(Time())

    def refused(_: list[str]) -> str:
        raise AlarmsError("CloudWatch did not describe the alarms orders: AccessDenied")

    assert "did not describe the alarms orders" in run(fleet, event(Alarms=["orders"]), refused)
    assert fleet.time.passed >= BAKE
