"""AWS SDK integrations: any action of any service, requested over HTTP with the role of the state machine.

MiniStack knows a few services and calls them inside its process, where no policy is checked.
"""

from __future__ import annotations

import contextvars
import functools
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from ministack.services import stepfunctions

from embedded_aws.iam.sessions import session_of
from embedded_aws.stepfunctions.names import error_name, from_sdk, prefix_of, to_sdk

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.settings import Settings

#: Role and Region of the state machine whose task runs in this context.
_caller: contextvars.ContextVar[tuple[str, str]] = contextvars.ContextVar("caller")

#: Services that the SDK for Java, after which Step Functions names them, calls otherwise than the SDK for Python.
_CLIENTS = {
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "sfn": "stepfunctions",
}


class Integrations:
    """The tasks of all state machines."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = functools.lru_cache(maxsize=64)(self._new_client)

    def as_role(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Remembers the role of the state machine while one of its tasks runs."""

        def execute(state: Any, raw_input: Any, execution: Any, ctx: Any) -> Any:
            arn = execution["stateMachineArn"]
            machine = stepfunctions._state_machines.get(arn) or {}
            token = _caller.set((machine.get("roleArn", ""), arn.split(":")[3]))
            try:
                return original(state, raw_input, execution, ctx)
            finally:
                _caller.reset(token)

        return execute

    def call(self, resource: str, given: Any) -> Any:
        """Requests `arn:aws:states:::aws-sdk:<service>:<action>`.

        Raises:
            _ExecutionError: named as Step Functions names it.
        """
        service, action = resource.split(":")[6:8]
        role, region = _caller.get()
        prefix = prefix_of(service)
        client = self._client(service, role, region)
        operation = action[:1].upper() + action[1:]
        method = {api: name for name, api in client.meta.method_to_api_mapping.items()}.get(operation)
        if method is None:
            raise stepfunctions._ExecutionError("States.Runtime", f"{service} has no action {action}: {resource}")
        model = client.meta.service_model.operation_model(operation)
        try:
            answer = getattr(client, method)(**from_sdk(model.input_shape, given or {}))
        except ClientError as error:
            found, status = error.response["Error"], error.response["ResponseMetadata"].get("HTTPStatusCode")
            cause = f"{found.get('Message', '')} (Service: {prefix}, Status Code: {status}, Request ID: none)"
            modelled = {
                shape.metadata.get("error", {}).get("code", shape.name): shape.name for shape in model.error_shapes
            }
            raise stepfunctions._ExecutionError(error_name(prefix, found.get("Code", ""), modelled), cause) from error
        except ParamValidationError as error:
            raise stepfunctions._ExecutionError("States.Runtime", str(error)) from error
        answer.pop("ResponseMetadata", None)
        return to_sdk(model.output_shape, answer)

    def _new_client(self, service: str, role: str, region: str) -> Any:
        credentials = session_of(role, "StepFunctions")
        return cast("Any", boto3).client(
            _CLIENTS.get(service, service),
            endpoint_url=self._settings.endpoint,
            region_name=region,
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials["AWS_SESSION_TOKEN"],
            config=Config(retries={"max_attempts": 1}, read_timeout=120),
        )
