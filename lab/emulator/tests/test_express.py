"""CloudFormation with rollback disabled, by option and by Express mode: what would be replaced fails."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from support import unique
from test_cloudformation import code, deploy, layer_resource, reasons, settled

if TYPE_CHECKING:
    from running import Running

REFUSAL = "Replacement type updates not supported on stack with disable-rollback."
EXPRESS = {"DeploymentConfig": {"Mode": "EXPRESS"}}


class Stack:
    """A stack with a layer, which every change replaces, and a parameter, which none does."""

    def __init__(self, aws: Running) -> None:
        self.name, self._aws, self._content = unique("stack"), aws, code(aws, {"x": "1"})
        self.client = aws.client("cloudformation")
        assert deploy(aws, self.name, self.resources()) == "CREATE_COMPLETE"

    def resources(self, layer: str = "1", parameter: str = "1") -> dict[str, Any]:
        value = {"Type": "String", "Value": parameter}
        return {
            self.name.replace("-", ""): layer_resource(self._content, Description=layer),
            "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": value},
        }

    def update(self, settings: dict[str, Any], **resources: str) -> str:
        self.client.update_stack(StackName=self.name, TemplateBody=self._body(**resources), **settings)
        return settled(self._aws, self.name)

    def update_by_change_set(self, settings: dict[str, Any], **resources: str) -> str:
        name = {"StackName": self.name, "ChangeSetName": unique("changes")}
        self.client.create_change_set(**name, TemplateBody=self._body(**resources), **settings)
        while self.client.describe_change_set(**name)["Status"] != "CREATE_COMPLETE":
            time.sleep(0.05)
        self.client.execute_change_set(**name)
        return settled(self._aws, self.name)

    def reasons(self) -> str:
        return reasons(self._aws, self.name)

    def _body(self, **resources: str) -> str:
        return json.dumps({"Resources": self.resources(**resources)})


@pytest.fixture
def stack(aws: Running) -> Stack:
    return Stack(aws)


def test_without_rollback_nothing_is_replaced(stack: Stack) -> None:
    assert stack.update({"DisableRollback": True}, parameter="2") == "UPDATE_COMPLETE"

    assert stack.update({"DisableRollback": True}, layer="2", parameter="2") == "UPDATE_FAILED"

    assert REFUSAL in stack.reasons()
    stack.client.rollback_stack(StackName=stack.name)


@pytest.mark.parametrize("way", ["update", "update_by_change_set"])
def test_express_mode_disables_rollback(stack: Stack, way: str) -> None:
    update = getattr(stack, way)
    assert update(EXPRESS, parameter="2") == "UPDATE_COMPLETE"

    assert update(EXPRESS, layer="2", parameter="2") == "UPDATE_FAILED"

    assert REFUSAL in stack.reasons()
    with pytest.raises(ClientError, match="must use the same DeploymentConfig"):
        update({}, layer="2", parameter="2")
    with pytest.raises(ClientError, match="RollbackStack is not supported"):
        stack.client.rollback_stack(StackName=stack.name)

    # The last configuration, in Express mode again, is the way out.
    assert stack.update(EXPRESS, parameter="2") == "UPDATE_COMPLETE"
    assert stack.update({}, layer="2") == "UPDATE_COMPLETE"


@pytest.mark.parametrize("way", ["update", "update_by_change_set"])
def test_express_mode_replaces_resources_if_rollback_is_requested(stack: Stack, way: str) -> None:
    config = {"DeploymentConfig": {"Mode": "EXPRESS", "DisableRollback": False}}

    assert getattr(stack, way)(config, layer="2") == "UPDATE_COMPLETE"
