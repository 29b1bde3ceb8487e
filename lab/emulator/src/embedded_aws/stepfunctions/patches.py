"""Makes the tasks of a state machine requests of its role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import stepfunctions

from embedded_aws.patching import rely_on, replace
from embedded_aws.stepfunctions.integrations import Integrations

if TYPE_CHECKING:
    from embedded_aws.settings import Settings


def install(settings: Settings) -> None:
    """Replaces the integrations, which MiniStack calls inside its process, as the account."""
    rely_on(stepfunctions, "_ExecutionError", "_state_machines")
    integrations = Integrations(settings)
    replace(stepfunctions, "_execute_task", integrations.as_role)
    replace(stepfunctions, "_invoke_aws_sdk_integration", lambda _: integrations.call)
