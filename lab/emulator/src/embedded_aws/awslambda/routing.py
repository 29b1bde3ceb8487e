"""Sends what invokes an alias to its versions by their weights, and counts every invocation.

See https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html.
"""

from __future__ import annotations

import random
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc

from embedded_aws.awslambda.metrics import publish

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Record = dict[str, Any]

# The version that a synchronous invocation went to; filled in another thread than it is read in.
_executed: ContextVar[list[str] | None] = ContextVar("executed_version", default=None)


def with_routing(execute: Callable[[Record, Any], Record]) -> Callable[[Record, Any], Record]:
    """Chooses the version of every invocation, whatever its source, and publishes its metrics."""

    def routed(function: Record, event: Any) -> Record:
        config = function.get("config") or function
        if lambda_svc._function_config_scope_mismatch(config):
            return execute(function, event)  # which comes back here with the function's own account and Region
        weights = _weights(config)
        chosen = _version(function, config, weights)
        started = time.monotonic()
        result = execute(chosen, event)
        elapsed = (time.monotonic() - started) * 1000
        version = chosen["config"]["Version"]
        executed = _executed.get()
        if executed is not None:
            executed.append(version)
        publish(config, version if weights else None, result, result.get("duration_ms", elapsed))
        return result

    return routed


def with_executed_version(invoke: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Tells the version that really answered."""

    async def invoked(*arguments: Any, **named: Any) -> Any:
        executed: list[str] = []
        _executed.set(executed)
        status, headers, body = await invoke(*arguments, **named)
        return status, {**headers, "X-Amz-Executed-Version": executed[-1]} if executed else headers, body

    return invoked


def as_alias(find: Callable[..., Any]) -> Callable[..., Any]:
    """Makes what finds a function by a reference keep the alias in it, as the function's ARN."""

    def found(reference: str, *rest: Any, **named: Any) -> Any:
        record, config, name = find(reference, *rest, **named)
        qualifier = _qualifier(reference)
        if record is None or qualifier is None or qualifier not in _aliases(name):
            return record, config, name
        config = {**config, "FunctionArn": f"{lambda_svc._func_arn(name)}:{qualifier}"}
        return {**record, "config": config}, config, name

    return found


def as_alias_of(find: Callable[..., Any]) -> Callable[..., Any]:
    """Makes what finds a function by its name and a qualifier keep the alias, as the function's ARN."""

    def found(name: str, qualifier: str | None) -> Any:
        record, config = find(name, qualifier)
        if record is None or qualifier not in _aliases(name):
            return record, config
        config = {**config, "FunctionArn": f"{lambda_svc._func_arn(name)}:{qualifier}"}
        return {**record, "config": config}, config

    return found


def of_one_role(update: Callable[..., Any]) -> Callable[..., Any]:
    """Refuses weights of versions that have different roles."""

    def updated(name: str, alias: str, data: Record) -> Any:
        weights = (data.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        main = data.get("FunctionVersion") or (_aliases(name).get(alias) or {}).get("FunctionVersion")
        versions = (lambda_svc._functions.get(name) or {}).get("versions") or {}
        roles = {versions[version]["config"]["Role"] for version in (main, *weights) if version in versions}
        if weights and len(roles) > 1:
            message = "Specified versions must be associated with the same execution role"
            return error_response_json("InvalidParameterValueException", message, 400)
        return update(name, alias, data)

    return updated


def _weights(config: Record) -> dict[str, float]:
    """The weights of the further versions of the alias that is invoked."""
    alias = _aliases(config["FunctionName"]).get(_qualifier(config["FunctionArn"]) or "") or {}
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return {version: float(weight) for version, weight in weights.items()}


def _version(function: Record, config: Record, weights: dict[str, float]) -> Record:
    versions = [config["Version"], *weights]
    shares = [max(0.0, 1 - sum(weights.values())), *weights.values()]
    (version,) = random.choices(versions, shares)  # noqa: S311 - not a secret
    if version == config["Version"]:
        return {**function, "config": config}
    record = lambda_svc._functions[config["FunctionName"]]["versions"][version]
    return {**record, "config": {**record["config"], "FunctionArn": config["FunctionArn"]}}


def _aliases(name: str) -> dict[str, Record]:
    return (lambda_svc._functions.get(name) or {}).get("aliases") or {}


def _qualifier(reference: str) -> str | None:
    parts = reference.split(":")
    if parts[0] == "arn":
        return parts[7] if len(parts) > 7 else None
    return parts[-1] if len(parts) > 1 else None
