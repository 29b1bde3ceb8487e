"""CodeDeploy's API, as far as one looks at deployments and stops them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, json_response

if TYPE_CHECKING:
    from embedded_aws.codedeploy.deployments import Deployment, Deployments

TARGET = "CodeDeploy_20141006"


class Api:
    """GetDeployment, ListDeployments and StopDeployment."""

    def __init__(self, deployments: Deployments) -> None:
        self._deployments = deployments

    async def handle(self, _method: str, _path: str, headers: dict[str, str], body: bytes, _query: Any) -> Any:
        """Answers a request, as MiniStack's services do."""
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        data = json.loads(body or b"{}")
        if action == "ListDeployments":
            return self._list(data)
        if action not in {"GetDeployment", "StopDeployment"}:
            return error_response_json("InvalidAction", f"the emulator does not support CodeDeploy's {action}", 400)
        identifier = data.get("deploymentId", "")
        deployment = self._deployments.find(identifier)
        if deployment is None:
            return error_response_json(
                "DeploymentDoesNotExistException", f"The deployment {identifier} could not be found", 400
            )
        return json_response({"deploymentInfo": _information(deployment)}) if action[0] == "G" else _stop(deployment)

    def _list(self, data: dict[str, Any]) -> Any:
        statuses = data.get("includeOnlyStatuses") or []
        found = [
            deployment.identifier
            for deployment in reversed(self._deployments.all)
            if data.get("applicationName") in {None, deployment.group.application}
            and data.get("deploymentGroupName") in {None, deployment.group.name}
            and (not statuses or deployment.status in statuses)
        ]
        return json_response({"deployments": found})


def _stop(deployment: Deployment) -> Any:
    if deployment.completed:
        return error_response_json(
            "DeploymentAlreadyCompletedException", f"The deployment {deployment.identifier} is already completed", 400
        )
    deployment.stop.set()
    return json_response({"status": "Pending", "statusMessage": "The deployment is being stopped."})


def _information(deployment: Deployment) -> dict[str, Any]:
    group = deployment.group
    facts = {
        "applicationName": group.application,
        "deploymentGroupName": group.name,
        "deploymentConfigName": group.configuration,
        "deploymentId": deployment.identifier,
        "computePlatform": "Lambda",
        "status": deployment.status,
        "errorInformation": deployment.error,
        "rollbackInfo": deployment.rollback,
        "createTime": deployment.created,
        "completeTime": deployment.completed,
    }
    return {name: value for name, value in facts.items() if value is not None}
