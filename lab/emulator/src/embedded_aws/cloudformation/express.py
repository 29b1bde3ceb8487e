"""Updates whose rollback is disabled, by option or by Express mode: CloudFormation then replaces nothing.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html. Express mode is
`DeploymentConfig.Mode`; it disables rollback unless `DeploymentConfig.DisableRollback` is false.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ministack.services.cloudformation import _change_sets, handlers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Handler = Callable[[dict[str, Any]], Any]

REFUSAL = "Replacement type updates not supported on stack with disable-rollback."

_DISABLED: ContextVar[bool] = ContextVar("rollback_disabled", default=False)
_MARK, _RETRIED = "_embedded_aws_express", "_embedded_aws_retried"


def with_rollback_choice(deploy: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Remembers, while a stack is updated, whether it could be rolled back."""

    async def deploying(
        name: str, stack_id: str, template: Any, parameters: Any, disable_rollback: bool, *rest: Any, **named: Any
    ) -> Any:
        _DISABLED.set(disable_rollback and bool(named.get("is_update")))
        return await deploy(name, stack_id, template, parameters, disable_rollback, *rest, **named)

    return deploying


def without_replacements(replaces: Callable[..., bool]) -> Callable[..., bool]:
    """Fails a resource whose update replaces it, where the stack could not be rolled back."""

    def checked(resource_type: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
        replaced = replaces(resource_type, old, new)
        if replaced and _DISABLED.get():
            raise ValueError(REFUSAL)
        return replaced

    return checked


def with_express_mode(actions: dict[str, Handler]) -> dict[str, Handler]:
    """Lets stacks be created and updated in Express mode, directly and by change sets."""
    # The dictionary itself: other modules of MiniStack hold it.
    for name in ("CreateStack", "UpdateStack"):
        actions[name] = _operating(actions[name])
    actions["CreateChangeSet"] = _creating_change_set(actions["CreateChangeSet"])
    actions["ExecuteChangeSet"] = _executing_change_set(actions["ExecuteChangeSet"])
    actions["RollbackStack"] = _rolling_back(actions["RollbackStack"])
    return actions


def _operating(original: Handler) -> Handler:
    def operate(parameters: dict[str, Any]) -> Any:
        express, disabled = _mode(parameters)
        stack = _stack(parameters)
        reason = _why_not(stack, express)
        if reason:
            return handlers._error("ValidationError", reason)
        if disabled:
            parameters = {**parameters, "DisableRollback": ["true"]}
        answer = _retrying(original, parameters, stack)
        _mark(_stack(parameters), express)
        return answer

    return operate


def _retrying(original: Handler, parameters: dict[str, Any], stack: dict[str, Any] | None) -> Any:
    """Updates a stack whose update failed without rollback, which MiniStack refuses and AWS allows without rollback."""
    failed = stack is not None and stack["StackStatus"] == "UPDATE_FAILED"
    if stack is None or not failed or handlers._p(parameters, "DisableRollback", "false").lower() != "true":
        return original(parameters)
    stack["StackStatus"], stack[_RETRIED] = "UPDATE_COMPLETE", True
    answer = original(parameters)
    del stack[_RETRIED]
    if answer[0] >= 400:
        stack["StackStatus"] = "UPDATE_FAILED"
    return answer


def with_retries(has_no_updates: Callable[..., bool]) -> Callable[..., bool]:
    """Takes the last configuration for an update where the stack's last update failed."""

    def compare(stack: dict[str, Any], *rest: Any) -> bool:
        return not stack.get(_RETRIED) and has_no_updates(stack, *rest)

    return compare


def _creating_change_set(original: Handler) -> Handler:
    def create(parameters: dict[str, Any]) -> Any:
        express, disabled = _mode(parameters)
        reason = _why_not(_stack(parameters), express)
        if reason:
            return handlers._error("ValidationError", reason)
        answer = original(parameters)
        change_set = _change_set(parameters)
        if change_set:
            change_set[_MARK] = (express, disabled)
        return answer

    return create


def _executing_change_set(original: Handler) -> Handler:
    def execute(parameters: dict[str, Any]) -> Any:
        change_set = _change_set(parameters) or {}
        express, disabled = change_set.get(_MARK, (False, False))
        _mark(handlers._resolve_stack(change_set.get("StackName", "")), express)
        return original({**parameters, "DisableRollback": ["true"]} if disabled else parameters)

    return execute


def _rolling_back(original: Handler) -> Handler:
    def roll_back(parameters: dict[str, Any]) -> Any:
        if _failed_in_express(_stack(parameters)):
            return handlers._error(
                "ValidationError",
                "RollbackStack is not supported for stacks that were last updated using EXPRESS deployment mode and "
                "are in a failed state",
            )
        return original(parameters)

    return roll_back


def _mode(parameters: dict[str, Any]) -> tuple[bool, bool]:
    """Tells whether Express mode is asked for, and whether it disables rollback."""
    express = handlers._p(parameters, "DeploymentConfig.Mode") == "EXPRESS"
    return express, express and handlers._p(parameters, "DeploymentConfig.DisableRollback", "true").lower() != "false"


def _stack(parameters: dict[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = handlers._resolve_stack(handlers._p(parameters, "StackName"))
    return found


def _change_set(parameters: dict[str, Any]) -> dict[str, Any] | None:
    name, stack = handlers._p(parameters, "ChangeSetName"), handlers._p(parameters, "StackName")
    for identifier, change_set in _change_sets.items():
        named = change_set["ChangeSetName"] == name and stack in {change_set["StackName"], change_set["StackId"]}
        if identifier == name or named:
            found: dict[str, Any] = change_set
            return found
    return None


def _mark(stack: dict[str, Any] | None, express: bool) -> None:
    if stack is not None:
        stack[_MARK] = express


def _failed_in_express(stack: dict[str, Any] | None) -> bool:
    return bool(stack and stack.get(_MARK) and stack["StackStatus"].endswith("_FAILED"))


def _why_not(stack: dict[str, Any] | None, express: bool) -> str | None:
    if express or stack is None or not _failed_in_express(stack):
        return None
    return (
        f"This stack is in a {stack['StackStatus']} state from a previous operation that used EXPRESS deployment mode "
        "with disable-rollback. Follow-up operations must use the same DeploymentConfig (mode=EXPRESS) until the "
        "stack reaches a *_COMPLETE state."
    )
