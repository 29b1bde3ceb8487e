"""CodeDeploy: an alias moves to its new version step by step, and back when an alarm goes off."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from embedded_aws.codedeploy.configurations import PREDEFINED, Step, steps_of
from running import started
from support import role, unique
from test_cloudformation import code, deploy, function_resource, outputs_of, reasons, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import Running

CODE = "def handler(e, c): return {version}"
BROKEN = "def handler(e, c): raise ValueError('broken {version}')"
LONG, SHORT = 60, 1  # minutes; a minute takes six seconds here


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("embedded-aws"), "--shift-scale", "0.1") as running:
        yield running


class Shifted:
    """A stack with a function whose alias CodeDeploy moves."""

    def __init__(self, aws: Running, minutes: int, **group: Any) -> None:
        self.aws, self.minutes, self.group, self.stack = aws, minutes, group, unique("stack")
        self.client, self.role = aws.client("lambda"), role(aws, "lambda.amazonaws.com")
        assert self.deploy(1) == "CREATE_COMPLETE"
        self.function = outputs_of(aws, self.stack)["Function"]

    def deploy(self, version: int, source: str = CODE, policy: dict[str, Any] | None = None, **more: Any) -> str:
        """Makes or updates the stack, whose function then has one more version."""
        content = code(self.aws, {"index.py": source.format(version=version)})
        number = {"Fn::GetAtt": [f"Version{version}", "Version"]}
        names = {"ApplicationName": {"Ref": "Application"}, "DeploymentGroupName": {"Ref": "Group"}}
        resource = {"Fn::Sub": "${Function}:live"}
        about = {"FunctionName": {"Ref": "Function"}, "Resource": resource, "ExecutedVersion": number}
        canary = {"CanaryPercentage": 50, "CanaryInterval": self.minutes}
        resources = {
            "Function": function_resource(self.aws, content, Role=self.role),
            f"Version{version}": {
                "Type": "AWS::Lambda::Version",
                "DeletionPolicy": "Retain",
                "Properties": {"FunctionName": {"Ref": "Function"}},
            },
            "Alias": {
                "Type": "AWS::Lambda::Alias",
                "Properties": {"FunctionName": {"Ref": "Function"}, "FunctionVersion": number, "Name": "live"},
                "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {**names, **(policy or {})}},
            },
            "Errors": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": "Errors",
                    "Dimensions": [{"Name": name, "Value": value} for name, value in about.items()],
                    "Statistic": "Sum",
                    "Period": 3600,
                    "EvaluationPeriods": 1,
                    "Threshold": 0,
                    "ComparisonOperator": "GreaterThanThreshold",
                    "TreatMissingData": "notBreaching",
                },
            },
            "Application": {"Type": "AWS::CodeDeploy::Application", "Properties": {"ComputePlatform": "Lambda"}},
            "Configuration": {
                "Type": "AWS::CodeDeploy::DeploymentConfig",
                "Properties": {
                    "ComputePlatform": "Lambda",
                    "TrafficRoutingConfig": {"Type": "TimeBasedCanary", "TimeBasedCanary": canary},
                },
            },
            "Group": {
                "Type": "AWS::CodeDeploy::DeploymentGroup",
                "Properties": {
                    "ApplicationName": {"Ref": "Application"},
                    "DeploymentConfigName": {"Ref": "Configuration"},
                    "DeploymentStyle": {"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"},
                    "ServiceRoleArn": self.role,
                    "AlarmConfiguration": {"Enabled": True, "Alarms": [{"Name": {"Ref": "Errors"}}]},
                    "AutoRollbackConfiguration": {
                        "Enabled": True,
                        "Events": ["DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
                    },
                    **self.group,
                },
            },
            **more,
        }
        return deploy(
            self.aws,
            self.stack,
            resources,
            Function={"Ref": "Function"},
            Application={"Ref": "Application"},
            Alarm={"Ref": "Errors"},
        )

    def deploy_under_traffic(self, version: int, source: str = CODE) -> tuple[str, list[str], set[str]]:
        """Deploys while the alias is invoked: the stack's status, the answers, and what the alias named meanwhile."""
        answers: list[str] = []
        named: set[str] = set()
        over = threading.Event()

        def ask() -> None:
            while not over.is_set():
                response = self.client.invoke(FunctionName=self.function, Qualifier="live", Payload=b"{}")
                failed = "FunctionError" in response
                answers.append("failed" if failed else response["Payload"].read().decode())
                alias = self.alias()
                named.add(f"{alias['FunctionVersion']} {alias.get('RoutingConfig')}")

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            status = self.deploy(version, source)
        finally:
            over.set()
            thread.join()
        return status, answers, named

    def alias(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get_alias(FunctionName=self.function, Name="live")
        return found

    def deployments(self) -> list[dict[str, Any]]:
        """All deployments, the latest first."""
        client, application = self.aws.client("codedeploy"), outputs_of(self.aws, self.stack)["Application"]
        found = client.list_deployments(applicationName=application)["deployments"]
        return [client.get_deployment(deploymentId=identifier)["deploymentInfo"] for identifier in found]


def test_a_canary_moves_the_alias_while_both_versions_answer(aws: Running) -> None:
    shifted = Shifted(aws, SHORT)
    assert shifted.deployments() == []

    status, answers, named = shifted.deploy_under_traffic(2)

    assert status == "UPDATE_COMPLETE"
    assert set(answers) == {"1", "2"}
    assert "1 {'AdditionalVersionWeights': {'2': 0.5}}" in named
    assert shifted.alias()["FunctionVersion"] == "2"
    assert "RoutingConfig" not in shifted.alias()
    (deployment,) = shifted.deployments()
    assert deployment["status"] == "Succeeded"


def test_an_alarm_on_the_new_version_moves_the_traffic_back(aws: Running) -> None:
    shifted = Shifted(aws, LONG)

    status, answers, _ = shifted.deploy_under_traffic(2, BROKEN)

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert set(answers) == {"1", "failed"}
    assert shifted.alias()["FunctionVersion"] == "1"
    assert "RoutingConfig" not in shifted.alias()
    back, stopped = shifted.deployments()
    alarm = outputs_of(aws, shifted.stack)["Alarm"]
    message = (
        "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the "
        f"affected deployments have been stopped. Activated alarms: <{alarm}>"
    )
    assert stopped["status"] == "Stopped"
    assert stopped["errorInformation"] == {"code": "ALARM_ACTIVE", "message": message}
    assert stopped["rollbackInfo"]["rollbackDeploymentId"] == back["deploymentId"]
    assert back["rollbackInfo"]["rollbackTriggeringDeploymentId"] == stopped["deploymentId"]
    assert f'Resource handler returned message: "{stopped["deploymentId"]} failed. {message}"' in reasons(
        aws, shifted.stack
    )


def test_the_next_version_is_deployed_after_a_rollback(aws: Running) -> None:
    shifted = Shifted(aws, SHORT)
    shifted.minutes = LONG
    assert shifted.deploy_under_traffic(2, BROKEN)[0] == "UPDATE_ROLLBACK_COMPLETE"
    shifted.minutes = SHORT

    status, answers, _ = shifted.deploy_under_traffic(3)

    assert (status, set(answers)) == ("UPDATE_COMPLETE", {"1", "3"})


def test_an_active_alarm_prevents_any_shift(aws: Running) -> None:
    active = unique("alarm")
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=active,
        Namespace="Nothing",
        MetricName="Nothing",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="breaching",
    )
    shifted = Shifted(aws, LONG, AlarmConfiguration={"Enabled": True, "Alarms": [{"Name": active}]})
    while aws.client("cloudwatch").describe_alarms(AlarmNames=[active])["MetricAlarms"][0]["StateValue"] != "ALARM":
        time.sleep(0.05)

    status, answers, named = shifted.deploy_under_traffic(2)

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert (set(answers), named) == ({"1"}, {"1 None"})
    assert f"Activated alarms: <{active}>" in reasons(aws, shifted.stack)


def test_no_traffic_shifts_to_a_version_with_another_role(aws: Running) -> None:
    shifted = Shifted(aws, SHORT)
    shifted.role = role(aws, "lambda.amazonaws.com")

    assert shifted.deploy(2) == "UPDATE_ROLLBACK_COMPLETE"

    assert "failed. Specified versions must be associated with the same execution role" in reasons(aws, shifted.stack)
    assert (shifted.alias()["FunctionVersion"], "RoutingConfig" in shifted.alias()) == ("1", False)
    assert [deployment["status"] for deployment in shifted.deployments()] == ["Failed"]


def test_a_deployment_that_is_stopped_by_a_request_goes_back(aws: Running) -> None:
    shifted, client = Shifted(aws, LONG), aws.client("codedeploy")

    def stop() -> None:
        while not (running := client.list_deployments(includeOnlyStatuses=["InProgress"])["deployments"]):
            time.sleep(0.05)
        client.stop_deployment(deploymentId=running[0])

    thread = threading.Thread(target=stop)
    thread.start()
    assert shifted.deploy(2) == "UPDATE_ROLLBACK_COMPLETE"
    thread.join()

    assert shifted.alias()["FunctionVersion"] == "1"
    stopped = shifted.deployments()[1]
    assert (stopped["status"], stopped["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
    with pytest.raises(ClientError, match="already completed"):
        client.stop_deployment(deploymentId=stopped["deploymentId"])


def test_without_automatic_rollback_an_alarm_leaves_the_traffic_as_it_is(aws: Running) -> None:
    shifted = Shifted(aws, LONG, AutoRollbackConfiguration={"Enabled": False})

    assert shifted.deploy_under_traffic(2, BROKEN)[0] == "UPDATE_ROLLBACK_COMPLETE"

    assert shifted.alias()["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.5}}
    assert len(shifted.deployments()) == 1


def test_a_stack_that_fails_later_takes_the_alias_back_at_once(aws: Running) -> None:
    shifted = Shifted(aws, SHORT)
    unknown = {"Type": "AWS::Cloud9::EnvironmentEC2", "DependsOn": "Alias", "Properties": {}}

    assert shifted.deploy(2, Unknown=unknown) == "UPDATE_ROLLBACK_COMPLETE"

    assert shifted.alias()["FunctionVersion"] == "1"
    assert [deployment["status"] for deployment in shifted.deployments()] == ["Succeeded"]


@pytest.mark.parametrize(
    ("group", "policy", "sentence"),
    [
        ({}, {"BeforeAllowTrafficHook": "hook"}, "does not support BeforeAllowTrafficHook"),
        ({}, {"DeploymentGroupName": "other"}, "No deployment group other found"),
    ],
)
def test_unsupported_settings_fail(aws: Running, group: Any, policy: Any, sentence: str) -> None:
    shifted = Shifted(aws, SHORT, **group)

    assert shifted.deploy(2, policy=policy) == "UPDATE_ROLLBACK_COMPLETE"
    assert sentence in reasons(aws, shifted.stack)
    assert shifted.alias()["FunctionVersion"] == "1"


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        ({"A": {"Type": "AWS::CodeDeploy::Application", "Properties": {}}}, "the compute platform Server"),
        (
            {"A": {"Type": "AWS::CodeDeploy::DeploymentGroup", "Properties": {"ApplicationName": "no-such"}}},
            "No application found for name: no-such",
        ),
    ],
)
def test_other_resources_are_refused(aws: Running, resources: dict[str, Any], sentence: str) -> None:
    stack = unique("stack")

    assert deploy(aws, stack, resources) == "ROLLBACK_COMPLETE"
    assert sentence in reasons(aws, stack)


def test_everything_is_deleted_with_the_stack(aws: Running) -> None:
    shifted = Shifted(aws, SHORT)
    stack = aws.client("cloudformation").describe_stacks(StackName=shifted.stack)["Stacks"][0]["StackId"]

    aws.client("cloudformation").delete_stack(StackName=stack)

    assert settled(aws, stack) == "DELETE_COMPLETE"


def test_the_real_intervals_are_the_default() -> None:
    assert PREDEFINED["CodeDeployDefault.LambdaAllAtOnce"] == []
    assert PREDEFINED["CodeDeployDefault.LambdaCanary10Percent15Minutes"] == [Step(10, 15)]
    linear = PREDEFINED["CodeDeployDefault.LambdaLinear10PercentEvery1Minute"]
    assert linear == [Step(percent, 1) for percent in (10, 20, 30, 40, 50, 60, 70, 80, 90)]
    assert len(PREDEFINED) == 9


def test_reads_configurations_of_a_template() -> None:
    def given(**routing: Any) -> list[Step]:
        return steps_of({"ComputePlatform": "Lambda", "TrafficRoutingConfig": routing})

    assert given(Type="AllAtOnce") == []
    linear = {"LinearPercentage": 40, "LinearInterval": 2}
    assert given(Type="TimeBasedLinear", TimeBasedLinear=linear) == [Step(40, 2), Step(80, 2)]
    canary = {"CanaryPercentage": "5", "CanaryInterval": "3"}
    assert given(Type="TimeBasedCanary", TimeBasedCanary=canary) == [Step(5, 3)]
    with pytest.raises(ValueError, match="got 100 and 3"):
        given(Type="TimeBasedCanary", TimeBasedCanary={**canary, "CanaryPercentage": 100})
    with pytest.raises(ValueError, match=re.escape("must be AllAtOnce, TimeBasedCanary or TimeBasedLinear, got None")):
        given()
    with pytest.raises(ValueError, match="compute platform ECS"):
        steps_of({"ComputePlatform": "ECS"})


def test_only_supported_calls_are_offered(aws: Running) -> None:
    with pytest.raises(ClientError, match="does not support CodeDeploy's ListApplications"):
        aws.client("codedeploy").list_applications()
    with pytest.raises(ClientError, match="The deployment d-NONE could not be found"):
        aws.client("codedeploy").get_deployment(deploymentId="d-NONE")
