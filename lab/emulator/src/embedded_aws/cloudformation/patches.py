"""Leaves CloudFormation the supported types only, and makes it as strict as on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.core import iam_evaluator
from ministack.services import cloudformation, eventbridge
from ministack.services.cloudformation import changesets, custom_resource, engine, handlers, provisioners, stacks

from embedded_aws.cloudformation import (
    conditions,
    execution_roles,
    judged,
    long_poll,
    replacements,
    resolved_values,
    siblings,
    stale,
    status_events,
)
from embedded_aws.cloudformation.custom_resources import with_limit
from embedded_aws.cloudformation.refusals import Handlers
from embedded_aws.cloudformation.signals import Signals
from embedded_aws.cloudformation.supported import OWN, SUPPORTED
from embedded_aws.cloudformation.wrapping import before
from embedded_aws.iam import grants
from embedded_aws.iam.new_roles import TRIED_AGAIN, NewRoles
from embedded_aws.patching import rely_on, replace

if TYPE_CHECKING:
    from embedded_aws.iam.calls import CallFile


def install(calls: CallFile | None = None, *, stale_answers: bool = False) -> Signals:
    """Replaces the table of handlers, to which the other services add theirs.

    Args:
        calls: Gets what the roles of stacks may do; None for no record.
        stale_answers: Whether the first answer after an update is the one from before it.

    Returns:
        The signals, to be waited for.
    """
    kept = Handlers({name: provisioners._RESOURCE_HANDLERS[name] for name in sorted(SUPPORTED - OWN)})
    replace(provisioners, "_RESOURCE_HANDLERS", lambda _: kept)
    replace(changesets, "_RESOURCE_HANDLERS", lambda _: kept)
    replace(custom_resource, "deliver_response", with_limit)
    signals = Signals()
    rely_on(handlers, "_resolve_stack", "_p", "_xml")
    rely_on(stacks, "_add_event")
    replace(handlers, "_ACTION_HANDLERS", signals.with_delivery)
    replace(handlers, "_ACTION_HANDLERS", execution_roles.with_execution_roles)
    rely_on(handlers, "_esc")
    replace(handlers, "_ACTION_HANDLERS", resolved_values.with_resolved_values)
    if stale_answers:
        replace(handlers, "_ACTION_HANDLERS", stale.with_stale_answers)
    rely_on(eventbridge, "_dispatch_event")
    for module in (stacks, handlers, changesets):
        replace(module, "_add_event", status_events.telling)
    replace(stacks, "_resource_policy", replacements.with_replace_policy)
    replace(stacks, "_roll_back_operation", replacements.remembering_replacements)
    replace(cloudformation, "handle_request", long_poll.with_answer_at_the_end)
    for module in (changesets, engine, handlers, stacks):
        replace(module, "_evaluate_conditions", conditions.with_joins)
    _judge_operations()
    _cancel_siblings()
    if calls:
        rely_on(iam_evaluator, "_gather_role_policies")
        for module in (handlers, changesets):
            replace(module, "_deploy_stack_async", grants.recording(calls))
    return signals


def _judge_operations() -> None:
    """Lets IAM judge what CloudFormation does for a stack that has a role, or for a role."""
    replace(cloudformation, "handle_request", judged.remembering_caller)
    replace(stacks, "_provision_resource", judged.creating)
    replace(stacks, "_update_resource", judged.updating)
    replace(stacks, "_delete_resource", judged.deleting)


def _cancel_siblings() -> None:
    """Lets custom resources be in progress together, and be cancelled together."""
    rely_on(engine, "_NO_VALUE", "_evaluate_conditions", "_extract_deps", "_resolve_refs")
    rely_on(stacks, "_provision_keeping_seed", "_update_keeping_seed")
    for module in (handlers, changesets):
        replace(module, "_deploy_stack_async", siblings.with_siblings)
    replace(stacks, "_roll_back_operation", siblings.with_cancelled)
    replace(stacks, "run_reentrant", siblings.at_once)
    replace(stacks, "_add_event", siblings.without_second_start)


def delay_roles(delay: float) -> None:
    """Keeps new roles from being used, after all services have added their resources.

    Args:
        delay: Seconds until a role can be used.
    """
    if delay <= 0:
        return
    new_roles = NewRoles(delay)
    replace(iam_evaluator, "enforce", new_roles.denying)
    rely_on(iam_evaluator, "EvalResult")
    replace(eventbridge, "_invoke_target", new_roles.losing)
    for resource_type, name in TRIED_AGAIN.items():
        before(resource_type, new_roles.waiting(name))
    # Create these resources on worker threads, so that one that waits does not hold up others.
    replace(stacks, "_runs_on_worker_thread", lambda original: lambda kind: kind in TRIED_AGAIN or original(kind))
    for resource_type, check in new_roles.checks():
        before(resource_type, check)
