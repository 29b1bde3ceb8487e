"""Auto Scaling groups of a template: creation waits for signals, updates roll, deletion ends the instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import autoscaling, ec2
from ministack.services.cloudformation import provisioners, stacks, wait_conditions

from embedded_aws.autoscaling.group import Group, Member, desired
from embedded_aws.autoscaling.rolling import RollingUpdate, largest, steps
from embedded_aws.cloudformation.signals import SignalError, Signals

if TYPE_CHECKING:
    from embedded_aws.ec2.instances import Instances
    from embedded_aws.elbv2.balancers import Balancers

TYPE = "AWS::AutoScaling::AutoScalingGroup"

_UNSUPPORTED = (
    "InstanceId",
    "LaunchConfigurationName",
    "LifecycleHookSpecificationList",
    "LoadBalancerNames",
    "MixedInstancesPolicy",
    "TrafficSources",
)
_POLICIES = {"AutoScalingRollingUpdate", "AutoScalingScheduledAction"}

Properties = dict[str, Any]
Made = tuple[str, dict[str, str]]


class Groups:
    """The groups of all stacks, by their names."""

    def __init__(self, instances: Instances, balancers: Balancers, signals: Signals) -> None:
        self._instances, self._balancers, self._signals = instances, balancers, signals
        self._groups: dict[str, Group] = {}

    def create(self, logical_id: str, properties: Properties, stack: str) -> Made:
        """Starts the group's instances and waits for as many signals as its creation policy wants."""
        check(properties)
        name, attributes = provisioners._asg_create(logical_id, properties, stack)
        self._groups[name] = group = self._group(name, properties)
        policy = provisioners._cfn_wait_condition_definition(stack, logical_id).get("CreationPolicy") or {}
        signal = policy.get("ResourceSignal")
        percent = (policy.get("AutoScalingCreationPolicy") or {}).get("MinSuccessfulInstancesPercent", 100)
        stack_id = provisioners._cr_stack_id(stack)
        try:
            with self._signals.expected(stack_id, logical_id, TYPE, "CREATE_IN_PROGRESS") as expectation:
                group.start(group.capacity)
                if signal:
                    count = wait_conditions.validate_count(signal.get("Count"), logical_id)
                    seconds = wait_conditions.validate_resource_signal_timeout(signal.get("Timeout"), logical_id)
                    expectation.wait(count, seconds, int(percent))
        except Exception:
            # CloudFormation knows no physical id yet: its rollback has nothing to delete.
            self.delete(name, properties)
            raise
        return name, attributes

    def update(self, name: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        """Resizes the group, and replaces instances as its update policy says."""
        check(new)
        definition = provisioners._cfn_wait_condition_definition(stack, logical_id)
        policies = definition.get("UpdatePolicy") or {}
        check_policies(policies)
        group = self._groups[name]
        changed, attributes = provisioners._asg_update(name, old, new, stack, logical_id)
        if changed != name:
            raise ValueError("the emulator does not support the replacement of an Auto Scaling group")
        before, group.properties = group.properties, new
        try:
            self._resize(group)
            rolling = policies.get("AutoScalingRollingUpdate")
            if rolling is not None and group.obsolete:
                seconds = wait_conditions.validate_resource_signal_timeout(rolling.get("PauseTime"), logical_id)
                self._roll(group, RollingUpdate.of(rolling, seconds), stack, logical_id)
        except Exception:
            group.properties = before
            raise
        return name, attributes

    def delete(self, name: str, _: Properties) -> None:
        """Ends the group's instances."""
        group = self._groups.pop(name, None)
        if group:
            group.end(list(group.members))
        provisioners._asg_delete(name, {})

    def _group(self, name: str, properties: Properties) -> Group:
        def record(members: list[Member]) -> None:
            autoscaling._asgs[name]["Instances"] = [_record(member) for member in members]

        return Group(properties, self._instances, self._balancers, record)

    def _resize(self, group: Group) -> None:
        surplus = len(group.members) - group.capacity
        if surplus > 0:
            group.end(group.members[:surplus])
        else:
            group.start(-surplus)

    def _roll(self, group: Group, policy: RollingUpdate, stack: str, logical_id: str) -> None:
        obsolete = group.obsolete
        plan = steps(group.capacity, len(obsolete), policy)
        most, size = largest(group.capacity, plan), int(group.properties["MaxSize"])
        if most > size:
            raise ValueError(
                f"MinInstancesInService {policy.in_service} needs {most} instances during the update; MaxSize is {size}"
            )
        stack_id = provisioners._cr_stack_id(stack)

        def tell(text: str) -> None:
            stacks._add_event(stack_id, stack, logical_id, TYPE, "UPDATE_IN_PROGRESS", text)

        tell(
            f"Rolling update initiated. Terminating {len(obsolete)} obsolete instance(s) in batches of {policy.batch}, "
            f"while keeping at least {policy.in_service} instance(s) in service."
        )
        for step in plan:
            if step.start:
                with self._signals.expected(stack_id, logical_id, TYPE, "UPDATE_IN_PROGRESS") as expectation:
                    started = group.start(step.start)
                    tell(f"New instance(s) added to autoscaling group - waiting on {step.start} resource signal(s).")
                    try:
                        if policy.waits:
                            expectation.wait(step.start, policy.seconds, policy.percent)
                    except SignalError:
                        group.end(started)
                        raise
            ending, obsolete = obsolete[: step.end], obsolete[step.end :]
            if ending:
                tell(f"Terminating instance(s) [{','.join(member.machine.instance_id for member in ending)}].")
                group.end(ending)


def check(properties: Properties) -> None:
    """Refuses what is not made.

    Raises:
        ValueError: a property that would have no effect here.
    """
    wrong = [name for name in _UNSUPPORTED if properties.get(name)]
    if wrong or not properties.get("LaunchTemplate") or not properties.get("VPCZoneIdentifier"):
        what = ", ".join(wrong) or "no LaunchTemplate or no VPCZoneIdentifier"
        raise ValueError(f"the emulator does not support Auto Scaling groups with {what}")
    if not int(properties["MinSize"]) <= desired(properties) <= int(properties["MaxSize"]):
        raise ValueError("Desired capacity must be between the specified min size and max size")


def check_policies(policies: dict[str, Any]) -> None:
    """Refuses update policies that are not followed."""
    wrong = sorted(set(policies) - _POLICIES)
    if wrong:
        raise ValueError(f"the emulator does not support the update policy {', '.join(wrong)}")


def _record(member: Member) -> dict[str, Any]:
    zone = (ec2._subnets.get(member.subnet) or {}).get("AvailabilityZone", "")
    return {
        "InstanceId": member.machine.instance_id,
        "LifecycleState": "InService",
        "HealthStatus": "Healthy",
        "AvailabilityZone": zone,
        "ProtectedFromScaleIn": False,
        "LaunchTemplate": member.template,
        "LaunchConfigurationName": "",
    }
