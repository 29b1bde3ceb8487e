"""Grants of a stack's roles, for the file of judged requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import cloudformation

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from embedded_aws.iam.calls import CallFile

    Deploy = Callable[..., Coroutine[Any, Any, Any]]

_DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def recording(calls: CallFile) -> Callable[[Deploy], Deploy]:
    """Writes down what the roles of a stack may do once it is created or updated, but not after a rollback."""

    def replacement(deploy: Deploy) -> Deploy:
        async def deploying(name: str, stack_id: str, template: dict[str, Any], *rest: Any, **named: Any) -> Any:
            result = await deploy(name, stack_id, template, *rest, **named)
            stack = cloudformation._stacks.get(name) or {}
            if stack.get("StackStatus") in _DEPLOYED:
                resources = stack["_resources"]
                calls.add_stack(name, _paths(resources, template), _allowed(resources))
            return result

        return deploying

    return replacement


def _paths(resources: dict[str, Any], template: dict[str, Any]) -> dict[str, str]:
    """Returns the paths of constructs by the physical ids of their resources."""
    definitions = template["Resources"]
    return {
        resource["PhysicalResourceId"]: definitions[name].get("Metadata", {}).get("aws:cdk:path", name)
        for name, resource in resources.items()
    }


def _allowed(resources: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Returns what each role's own and attached policies allow, resolved as IAM judges them."""
    roles = [
        resource["PhysicalResourceId"]
        for resource in resources.values()
        if resource["ResourceType"] == "AWS::IAM::Role"
    ]
    return {
        role: [
            {"Action": statement.actions, "Resource": statement.resources, "Condition": statement.conditions}
            for policy in iam_evaluator._gather_role_policies(role, get_account_id())
            for statement in policy
            if statement.effect == "Allow"
        ]
        for role in roles
    }
