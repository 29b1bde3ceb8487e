"""Judges what CloudFormation makes, changes and deletes by the stack's role, or else by who asked for the operation.

One action stands for all that CloudFormation needs for a resource. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_region
from ministack.core.router import extract_access_key_id
from ministack.services.cloudformation import handlers

from embedded_aws.cloudformation.actions import CREATE, DELETE, UPDATE, action_of
from embedded_aws.iam.sessions import caller_of, session_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: Access key that sent the request which this context handles.
_key: ContextVar[str] = ContextVar("access_key", default="")


class NotAuthorizedError(Exception):
    """IAM denies what CloudFormation would do; the message is AWS's."""


def remembering_caller(handle: Callable[..., Awaitable[tuple[Any, ...]]]) -> Callable[..., Any]:
    """Remembers who sends a request, for the operation that it starts."""

    async def handling(method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> tuple[Any, ...]:
        _key.set(extract_access_key_id(headers, rest[0] if rest else None))
        return await handle(method, path, headers, body, *rest)

    return handling


def creating(create: Callable[..., Any]) -> Callable[..., Any]:
    """Judges what makes a resource."""

    def judged(kind: str, logical_id: str, properties: dict[str, Any], stack: str, *rest: Any) -> Any:
        _judge(kind, CREATE, properties, stack)
        return create(kind, logical_id, properties, stack, *rest)

    return judged


def updating(update: Callable[..., Any]) -> Callable[..., Any]:
    """Judges what changes a resource."""

    def judged(
        kind: str, physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, *rest: Any, **named: Any
    ) -> Any:
        if old != new:
            _judge(kind, UPDATE, new, stack)
        return update(kind, physical_id, old, new, stack, *rest, **named)

    return judged


def deleting(delete: Callable[..., Any]) -> Callable[..., Any]:
    """Judges what deletes a resource."""

    def judged(kind: str, physical_id: str, properties: dict[str, Any], stack: str, *rest: Any) -> Any:
        _judge(kind, DELETE, properties, stack)
        return delete(kind, physical_id, properties, stack, *rest)

    return judged


def _judge(kind: str, verb: str, properties: dict[str, Any], stack_name: str) -> None:
    action = action_of(kind, verb)
    role = (handlers._resolve_stack(stack_name) or {}).get("RoleARN")
    key = session_of(role, "AWSCloudFormation")["AWS_ACCESS_KEY_ID"] if role else _key.get()
    caller = caller_of(key)
    if action is None or ":assumed-role/" not in caller:
        return
    resource = str(properties.get("ServiceToken", "*")) if action == "lambda:InvokeFunction" else "*"
    service = action.partition(":")[0]
    denied = iam_evaluator.enforce(key, action, service, get_region(), resource_arn=resource, service_context={})
    if denied is not None:
        raise NotAuthorizedError(
            f"User: {caller} is not authorized to perform: {action} on resource: {resource} because no identity-based "
            f"policy allows the {action} action"
        )
