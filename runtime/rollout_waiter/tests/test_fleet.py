from __future__ import annotations

import time

import boto3
import pytest
from rollout_waiter import fleet as module
from rollout_waiter.fleet import Fleet, FleetError, Health, Metrics

METRICS = Metrics("Models", "Shop/Canary", "digits")
MINUTE = 60

pytestmark = pytest.mark.usefixtures("aws")


def group() -> tuple[str, str]:
    """Creates a group of one instance. Returns the ids of its launch template and of its target group."""
    ec2, scaling, balancing = (boto3.client(name) for name in ("ec2", "autoscaling", "elbv2"))
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    arn = balancing.create_target_group(Name="rest", Protocol="TCP", Port=8501, VpcId=vpc)["TargetGroups"][0][
        "TargetGroupArn"
    ]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    template = ec2.create_launch_template(
        LaunchTemplateName="canary", LaunchTemplateData={"ImageId": image, "InstanceType": "m5.large"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="canaries",
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
        MinSize=1,
        MaxSize=2,
        AvailabilityZones=["eu-west-1a"],
        TargetGroupARNs=[arn],
    )
    return template, arn


def publish(name: str, value: float, ago: float, fleet: str = "Shop/Canary", model: str = "digits") -> None:
    boto3.client("cloudwatch").put_metric_data(
        Namespace="Models",
        MetricData=[
            {
                "MetricName": name,
                "Value": value,
                "Timestamp": time.time() - ago,
                "Dimensions": [{"Name": "FleetName", "Value": fleet}, {"Name": "ModelName", "Value": model}],
            }
        ],
    )


def test_instances_have_their_launch_template_and_health() -> None:
    template, arn = group()

    (instance,) = Fleet().instances("canaries")

    assert instance.template == (template, "1")
    assert instance.lifecycle == "InService"
    assert Fleet().health(arn)[instance.name].state == "healthy"


def test_health_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    why = {"State": "unhealthy", "Reason": "Target.Timeout", "Description": "Request timed out"}
    answer = {"TargetHealthDescriptions": [{"Target": {"Id": "i-1"}, "TargetHealth": why}]}
    client = type("Client", (), {"describe_target_health": staticmethod(lambda **_: answer)})
    monkeypatch.setattr(module.boto3, "client", lambda *_, **__: client)

    assert Fleet().health("arn") == {"i-1": Health("unhealthy", "Target.Timeout: Request timed out")}


@pytest.mark.parametrize(
    ("status", "goes_back"),
    [
        ("UPDATE_IN_PROGRESS", False),
        ("CREATE_IN_PROGRESS", False),
        ("UPDATE_ROLLBACK_IN_PROGRESS", True),
    ],
)
def test_rollback_is_the_state_of_the_stack(status: str, goes_back: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"Stacks": [{"StackStatus": status}]}
    client = type("Client", (), {"describe_stacks": staticmethod(lambda **_: answer)})
    monkeypatch.setattr(module.boto3, "client", lambda *_, **__: client)

    assert Fleet().goes_back("stack") is goes_back


def test_requests_of_the_whole_minutes_of_the_bake_are_counted() -> None:
    into_the_minute = time.time() % MINUTE
    for name, value in (("Requests", 40), ("Errors", 2)):
        publish(name, value, into_the_minute - 0.001)
        publish(name, value, into_the_minute + MINUTE - 1)
        publish(name, 1000, into_the_minute + 3 * MINUTE)

    served = Fleet().served(METRICS, into_the_minute + 2 * MINUTE - 1)

    assert (served.requests, served.errors) == (80, 4)


def test_requests_of_other_instances_and_models_are_not_the_canary_s() -> None:
    publish("Requests", 40, 1)
    publish("Errors", 30, 1, fleet="Shop/Stable")
    publish("Errors", 30, 1, model="letters")

    served = Fleet().served(METRICS, 5 * MINUTE)

    assert (served.requests, served.errors) == (40, 0)


def test_nothing_published_is_no_request_and_no_failure() -> None:
    assert Fleet().served(METRICS, 300).requests == 0
    assert Fleet().served(METRICS, 0.001).errors == 0


@pytest.mark.parametrize("status", ["InternalError", "PartialData"])
def test_requests_that_cloudwatch_could_not_count_are_not_taken_for_none(
    status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {
        "MetricDataResults": [{"Id": name, "Values": [], "StatusCode": status} for name in ("requests", "errors")]
    }
    client = type("Client", (), {"get_metric_data": staticmethod(lambda **_: answer)})
    monkeypatch.setattr(module.boto3, "client", lambda *_, **__: client)

    with pytest.raises(FleetError, match=f"the canary's requests could not be counted: CloudWatch answered {status}"):
        Fleet().served(METRICS, 300)


def test_missing_group_is_named() -> None:
    with pytest.raises(FleetError, match="there is no Auto Scaling group elsewhere"):
        Fleet().instances("elsewhere")


def test_refusal_says_what_the_service_said() -> None:
    with pytest.raises(FleetError, match=r"the canary could not be watched: .*TargetGroupNotFound"):
        Fleet().health("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/gone/1")
