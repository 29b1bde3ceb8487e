"""Adds CodeDeploy, which MiniStack lacks, and lets aliases be updated by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack import app
from ministack.core import router
from ministack.services import cloudformation, cloudwatch, lambda_svc
from ministack.services.cloudformation import engine, provisioners, stacks

from embedded_aws.cloudformation.wrapping import add, around
from embedded_aws.codedeploy import resources
from embedded_aws.codedeploy.api import TARGET, Api
from embedded_aws.codedeploy.deployments import Deployments
from embedded_aws.patching import rely_on, replace

if TYPE_CHECKING:
    from embedded_aws.settings import Settings


def install(settings: Settings) -> None:
    """Adds the service and its resources."""
    rely_on(lambda_svc, "_functions", "_update_alias")
    rely_on(cloudwatch, "_alarms", "_composite_alarms")
    rely_on(cloudformation, "_stacks")
    rely_on(engine, "_resolve_refs")
    rely_on(provisioners, "_cfn_wait_condition_definition", "_lambda_function_for_cfn_ref", "_physical_name")
    deployments = Deployments(settings.shift_scale)
    replace(app, "SERVICE_HANDLERS", lambda known: {**known, "codedeploy": Api(deployments).handle})
    replace(router, "SERVICE_PATTERNS", lambda known: {**known, "codedeploy": {"target_prefixes": [TARGET]}})
    made = resources.Resources(deployments)
    for resource_type, handlers in made.handlers().items():
        add(resource_type, **handlers, update_with_logical_id=True)
    around(resources.ALIAS, "update", made.with_shift)
    for module in (engine, stacks):
        replace(module, "_extract_deps", resources.with_policies)
    # A shift waits while functions answer, which must not wait for it.
    replace(stacks, "_runs_on_worker_thread", lambda original: lambda kind: kind == resources.ALIAS or original(kind))
