"""Moves of an alias with provisioned concurrency, which sends requests to a version once its environments are ready.

Until then the alias has weights, as on AWS, and they stay where the environments do not start. See
https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import lambda_svc

from embedded_aws.awslambda.concurrency import prepare_environments

if TYPE_CHECKING:
    from collections.abc import Callable

Record = dict[str, Any]

_POLL_SECONDS = 0.05


class ProvisionedAliases:
    """The aliases of all functions that have provisioned concurrency."""

    def __init__(self, prepare: Callable[[Record, int], str | None]) -> None:
        """Takes what starts environments of a version.

        Args:
            prepare: Given MiniStack's record of a version and how many; returns why it cannot.
        """
        self._prepare = prepare

    def moving(self, update: Callable[..., Any]) -> Callable[..., Any]:
        """Lets the former version answer until the environments of the new one are ready."""

        def updated(name: str, alias: str, data: Record) -> Any:
            function = lambda_svc._functions.get(name) or {}
            before = (function.get("aliases") or {}).get(alias, {}).get("FunctionVersion")
            answer = update(name, alias, data)
            state = (function.get("provisioned_concurrency") or {}).get(alias)
            if answer[0] >= 400 or state is None:
                return answer
            record = function["aliases"][alias]
            weights, after = weights_of(record), record["FunctionVersion"]
            goes_back = weights == {after: 1.0}  # from a version whose environments did not start
            if after == before or (weights and not goes_back):
                return answer
            record["RoutingConfig"] = {"AdditionalVersionWeights": {} if goes_back else {before: 1.0}}
            version, _ = lambda_svc._effective_func_record_for_qualifier(function, alias)
            wanted = int(state["RequestedProvisionedConcurrentExecutions"])
            state.update(Status="IN_PROGRESS")

            def move() -> None:
                prepare_environments(lambda: self._prepare(version, wanted), state, wanted)
                if state["Status"] == "READY":
                    # The alias may have moved back meanwhile.
                    record.pop("RoutingConfig", None)

            # The function may call the embedded AWS while it starts, so do not wait for it here.
            threading.Thread(target=move, daemon=True).start()
            return json_response(record)

        return updated

    def refusing_weights(self, put: Callable[..., Any]) -> Callable[..., Any]:
        """Refuses provisioned concurrency for an alias with weights."""

        def refusing(name: str, qualifier: str, data: Record) -> Any:
            alias = ((lambda_svc._functions.get(name) or {}).get("aliases") or {}).get(qualifier) or {}
            if weights_of(alias):
                message = "Alias with weights can not be used with Provisioned Concurrency"
                return error_response_json("InvalidParameterValueException", message, 400)
            return put(name, qualifier, data)

        return refusing


def waiting(apply: Callable[..., None]) -> Callable[..., None]:
    """Makes CloudFormation wait until the environments of an alias are ready."""

    def applied(name: str, alias: str, old: Record, new: Record) -> None:
        _wait(name, alias)
        if old.get("ProvisionedConcurrencyConfig") != new.get("ProvisionedConcurrencyConfig"):
            apply(name, alias, old, new)
            _wait(name, alias)

    return applied


def weights_of(alias: Record) -> dict[str, float]:
    """Returns the weights of an alias' further versions."""
    found: dict[str, float] = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return found


def _wait(name: str, alias: str) -> None:
    """Wait for the environments of an alias.

    Raises:
        ValueError: They do not start.
    """
    while True:
        state = (lambda_svc._functions[name].get("provisioned_concurrency") or {}).get(alias)
        if state is None or state["Status"] == "READY":
            return
        if state["Status"] == "FAILED":
            raise ValueError(
                f"Provisioned Concurrency configuration failed to be applied. Reason: {state['StatusReason']}"
            )
        time.sleep(_POLL_SECONDS)
