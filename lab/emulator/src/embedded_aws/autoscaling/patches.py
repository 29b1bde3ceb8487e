"""Lets Auto Scaling groups start and end instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import autoscaling
from ministack.services.cloudformation import provisioners, stacks, wait_conditions

from embedded_aws.autoscaling.resources import TYPE
from embedded_aws.cloudformation.wrapping import add
from embedded_aws.patching import rely_on, replace

if TYPE_CHECKING:
    from embedded_aws.autoscaling.resources import Groups


def install(groups: Groups) -> None:
    """Lets the type act on `groups`."""
    rely_on(provisioners, "_cfn_wait_condition_definition", "_cr_stack_id", "_asg_create", "_asg_update")
    rely_on(provisioners, "_asg_delete")
    rely_on(autoscaling, "_asgs")
    rely_on(wait_conditions, "validate_count", "validate_resource_signal_timeout")
    add(TYPE, create=groups.create, update=groups.update, update_with_logical_id=True, delete=groups.delete)
    # A group waits for its instances, which call back meanwhile; and an update that fails halfway has begun already.
    replace(stacks, "_runs_on_worker_thread", _with_groups)
    replace(stacks, "_sends_back_failed_update", _with_groups)


def _with_groups(original: Any) -> Any:
    return lambda resource_type: resource_type == TYPE or original(resource_type)
