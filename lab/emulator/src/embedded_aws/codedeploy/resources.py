"""Applications, deployment configurations and groups of a template, and the update policy of an alias."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any

from ministack.services import cloudformation, lambda_svc
from ministack.services.cloudformation import engine, provisioners

from embedded_aws.codedeploy.configurations import PREDEFINED, Step, steps_of
from embedded_aws.codedeploy.deployments import Alias, DeploymentError, Deployments, Group

if TYPE_CHECKING:
    from collections.abc import Callable

APPLICATION = "AWS::CodeDeploy::Application"
CONFIGURATION = "AWS::CodeDeploy::DeploymentConfig"
GROUP = "AWS::CodeDeploy::DeploymentGroup"
ALIAS = "AWS::Lambda::Alias"
POLICY = "CodeDeployLambdaAliasUpdate"

_HOOKS = ("BeforeAllowTrafficHook", "AfterAllowTrafficHook")
_STYLE = {"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"}
_GROUP_PROPERTIES = {
    "AlarmConfiguration",
    "ApplicationName",
    "AutoRollbackConfiguration",
    "DeploymentConfigName",
    "DeploymentGroupName",
    "DeploymentStyle",
    "ServiceRoleArn",
    "Tags",
}

Properties = dict[str, Any]
Made = tuple[str, dict[str, str]]


class Resources:
    """CodeDeploy's resources of all stacks."""

    def __init__(self, deployments: Deployments) -> None:
        self._deployments = deployments
        self._applications: set[str] = set()
        self._configurations: dict[str, list[Step]] = {}
        self._groups: dict[tuple[str, str], Group] = {}

    def handlers(self) -> dict[str, dict[str, Callable[..., Any]]]:
        """Returns the handlers of the three types."""
        return {
            APPLICATION: _recreated(self._create_application, self._delete_application),
            CONFIGURATION: _recreated(self._create_configuration, self._delete_configuration),
            GROUP: {"create": self._create_group, "update": self._update_group, "delete": self._delete_group},
        }

    def _create_application(self, logical_id: str, properties: Properties, stack: str) -> Made:
        """Makes an application for Lambda."""
        platform = properties.get("ComputePlatform", "Server")
        if platform != "Lambda":
            raise ValueError(f"the emulator does not support CodeDeploy for the compute platform {platform}")
        name = _name(properties.get("ApplicationName"), self._applications, stack, logical_id)
        self._applications.add(name)
        return name, {}

    def _delete_application(self, name: str, _: Properties) -> None:
        """Forgets an application."""
        self._applications.discard(name)

    def _create_configuration(self, logical_id: str, properties: Properties, stack: str) -> Made:
        """Makes a configuration."""
        name = _name(properties.get("DeploymentConfigName"), self._configurations, stack, logical_id)
        self._configurations[name] = steps_of(properties)
        return name, {}

    def _delete_configuration(self, name: str, _: Properties) -> None:
        """Forgets a configuration that no group uses."""
        if any(group.configuration == name for group in self._groups.values()):
            raise ValueError(f"The deployment configuration {name} is in use by a deployment group")
        self._configurations.pop(name, None)

    def _create_group(self, logical_id: str, properties: Properties, stack: str) -> Made:
        """Makes a group."""
        application = properties["ApplicationName"]
        known = [name for owner, name in self._groups if owner == application]
        name = _name(properties.get("DeploymentGroupName"), known, stack, logical_id)
        self._groups[application, name] = self._group(name, properties)
        return name, {}

    def _update_group(self, name: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        """Changes a group; another name or application is another group."""
        if any(old.get(key) != new.get(key) for key in ("ApplicationName", "DeploymentGroupName")):
            return self._create_group(logical_id, new, stack)
        self._groups[new["ApplicationName"], name] = self._group(name, new)
        return name, {}

    def _delete_group(self, name: str, properties: Properties) -> None:
        """Forgets a group."""
        self._groups.pop((properties["ApplicationName"], name), None)

    def with_shift(self, update: Callable[..., Made]) -> Callable[..., Made]:
        """Lets CodeDeploy move an alias to another version where its update policy says so."""

        def shifted(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
            same = all(old.get(key) == new.get(key) for key in ("FunctionName", "Name"))
            definition = provisioners._cfn_wait_condition_definition(stack, logical_id)
            policy = (definition.get("UpdatePolicy") or {}).get(POLICY)
            moves = same and old.get("FunctionVersion") != new.get("FunctionVersion")
            if policy and moves and not _rolls_back(stack):
                self._shift(_resolved(policy, stack), new)
            return update(physical_id, old, new, stack, logical_id)

        return shifted

    def _shift(self, policy: dict[str, str], properties: Properties) -> None:
        hooks = [name for name in _HOOKS if policy.get(name)]
        if hooks:
            raise ValueError(f"the emulator does not support {' and '.join(hooks)} of {POLICY}")
        key = (policy["ApplicationName"], policy["DeploymentGroupName"])
        group = self._groups.get(key)
        if group is None:
            raise ValueError(f"No deployment group {key[1]} found for the application {key[0]}")
        function = provisioners._lambda_function_for_cfn_ref(properties["FunctionName"])[1]
        version = properties["FunctionVersion"]
        if version not in lambda_svc._functions[function]["versions"]:
            raise ValueError(f"{function} has no version {version} to shift traffic to")
        try:
            self._deployments.shift(group, Alias(function, properties["Name"]), version)
        except DeploymentError as error:
            token = f"RequestToken: {uuid.uuid4()}, HandlerErrorCode: InternalFailure"
            raise ValueError(f'Resource handler returned message: "{error}" ({token})') from error

    def _group(self, name: str, properties: Properties) -> Group:
        wrong = sorted(set(properties) - _GROUP_PROPERTIES)
        if wrong:
            raise ValueError(f"the emulator does not support deployment groups with {', '.join(wrong)}")
        application = properties["ApplicationName"]
        if application not in self._applications:
            raise ValueError(f"No application found for name: {application}")
        if properties.get("DeploymentStyle") != _STYLE:
            raise ValueError(f"A deployment group for Lambda needs the DeploymentStyle {_STYLE}")
        configuration = properties.get("DeploymentConfigName", "CodeDeployDefault.LambdaAllAtOnce")
        steps = {**PREDEFINED, **self._configurations}.get(configuration)
        if steps is None:
            raise ValueError(f"No deployment configuration found for name: {configuration}")
        alarms, rollback = properties.get("AlarmConfiguration") or {}, properties.get("AutoRollbackConfiguration") or {}
        watched = alarms.get("Alarms") or [] if _true(alarms.get("Enabled")) else []
        return Group(
            application,
            name,
            configuration,
            tuple(steps),
            tuple(alarm["Name"] for alarm in watched),
            frozenset(rollback.get("Events") or [] if _true(rollback.get("Enabled")) else []),
        )


def with_policies(original: Callable[..., set[str]]) -> Callable[..., set[str]]:
    """Makes a resource depend on what its update policy refers to, too."""

    def dependencies(definition: dict[str, Any], names: set[str]) -> set[str]:
        policy = {"Properties": definition.get("UpdatePolicy") or {}}
        return original(definition, names) | original(policy, names)

    return dependencies


def _recreated(create: Callable[..., Made], delete: Callable[..., None]) -> dict[str, Callable[..., Any]]:
    """Handlers of a type that has no mutable properties: every change replaces the resource."""

    def update(_: str, __: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        return create(logical_id, new, stack)

    return {"create": create, "update": update, "delete": delete}


def _name(given: str | None, known: Any, stack: str, logical_id: str) -> str:
    if given in known:
        raise ValueError(f"{given} already exists")
    return given or f"{provisioners._physical_name(stack, logical_id, max_len=80)}-{secrets.token_hex(4)}"


def _resolved(policy: dict[str, Any], stack: str) -> dict[str, str]:
    record = cloudformation._stacks[stack]
    parameters = record.get("_resolved_params", {})
    found: dict[str, str] = engine._resolve_refs(
        dict(policy), record["_resources"], parameters, {}, {}, stack, record["StackId"]
    )
    return found


def _rolls_back(stack: str) -> bool:
    """Tells whether the stack goes back: then its aliases do at once."""
    return str(cloudformation._stacks[stack]["StackStatus"]).startswith("UPDATE_ROLLBACK")


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
