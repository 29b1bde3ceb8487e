"""Aliases with weights: the version that answers, and CloudWatch's metrics."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from support import archive, function, unique, wait_until_updated

if TYPE_CHECKING:
    from running import Running

CODE = 'def handler(e, c): return {"body": c.function_version, "arn": c.invoked_function_arn}'
BROKEN = 'def handler(e, c): raise ValueError("broken")'


class Weighted:
    """A function with two versions, and an alias of the first."""

    def __init__(self, aws: Running, second: str = CODE) -> None:
        self.aws, self.client, self.name = aws, aws.client("lambda"), function(aws, CODE)
        self.client.publish_version(FunctionName=self.name)
        self.client.update_function_code(FunctionName=self.name, ZipFile=archive({"index.py": f"# second\n{second}"}))
        wait_until_updated(aws, self.name)
        assert self.client.publish_version(FunctionName=self.name)["Version"] == "2"
        self.client.create_alias(FunctionName=self.name, Name="live", FunctionVersion="1")

    def route(self, weight: float) -> None:
        """Sends a share to the second version."""
        weights = {"2": weight} if weight else {}
        self.client.update_alias(
            FunctionName=self.name, Name="live", RoutingConfig={"AdditionalVersionWeights": weights}
        )

    def ask(self) -> Any:
        return self.client.invoke(FunctionName=self.name, Qualifier="live", Payload=b"{}")

    def answers(self, count: int = 60) -> set[str]:
        """Versions that answered, by themselves and by what Lambda says."""
        found = set()
        for _ in range(count):
            response = self.ask()
            payload = json.loads(response["Payload"].read())
            assert payload["arn"].endswith(f":{self.name}:live")
            assert response["ExecutedVersion"] == payload["body"]
            found.add(payload["body"])
        return found

    def count(self, metric: str, **dimensions: str) -> float:
        """The sum of a metric of exactly these dimensions."""
        now = time.time()
        found = self.aws.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - 3600,
            EndTime=now + 60,
            Period=3600,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in found["Datapoints"]))


@pytest.fixture
def weighted(aws: Running) -> Weighted:
    return Weighted(aws)


def test_an_alias_without_weights_has_one_version(weighted: Weighted) -> None:
    assert weighted.answers(10) == {"1"}
    weighted.route(1)
    assert weighted.answers(10) == {"2"}
    weighted.route(0)
    assert weighted.answers(10) == {"1"}


def test_the_weights_share_invocations_among_both_versions(weighted: Weighted) -> None:
    weighted.route(0.5)

    assert weighted.answers() == {"1", "2"}


def test_the_weights_apply_to_a_function_url(aws: Running, weighted: Weighted) -> None:
    url = weighted.client.create_function_url_config(FunctionName=weighted.name, Qualifier="live", AuthType="NONE")
    host = url["FunctionUrl"].split("/")[2]

    def ask() -> str:
        request = urllib.request.Request(aws.endpoint, headers={"Host": host})
        with urllib.request.urlopen(request) as response:
            return str(json.load(response)["body"])

    assert {ask() for _ in range(5)} == {"1"}
    weighted.route(0.5)
    assert {ask() for _ in range(60)} == {"1", "2"}


def test_a_version_is_counted_by_itself_while_the_alias_has_weights(aws: Running) -> None:
    weighted = Weighted(aws, BROKEN)
    name, resource = weighted.name, f"{weighted.name}:live"
    weighted.ask()
    assert weighted.count("Invocations", FunctionName=name, Resource=resource) == 1
    assert weighted.count("Invocations", FunctionName=name, Resource=resource, ExecutedVersion="1") == 0

    weighted.route(0.5)
    failed = sum("FunctionError" in weighted.ask() for _ in range(60))

    of_first = {"FunctionName": name, "Resource": resource, "ExecutedVersion": "1"}
    of_second = {**of_first, "ExecutedVersion": "2"}
    assert 0 < failed < 60
    assert weighted.count("Invocations", **of_first) == 60 - failed
    assert weighted.count("Errors", **of_first) == 0
    assert weighted.count("Invocations", **of_second) == weighted.count("Errors", **of_second) == failed
    for dimensions in ({"FunctionName": name}, {"FunctionName": name, "Resource": resource}):
        assert weighted.count("Invocations", **dimensions) == 61
        assert weighted.count("Errors", **dimensions) == failed
    assert weighted.count("Duration", **of_first) > 0


def test_a_throttled_invocation_counts_as_neither_invocation_nor_error(aws: Running, weighted: Weighted) -> None:
    weighted.client.put_function_concurrency(FunctionName=weighted.name, ReservedConcurrentExecutions=0)
    with pytest.raises(weighted.client.exceptions.TooManyRequestsException):
        weighted.ask()

    assert weighted.count("Throttles", FunctionName=weighted.name) > 0
    assert [weighted.count(metric, FunctionName=weighted.name) for metric in ("Invocations", "Errors")] == [0, 0]


def test_a_queue_of_an_alias_is_read_by_both_versions(aws: Running) -> None:
    weighted = Weighted(aws)
    queue = aws.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    arn = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    weighted.route(0.5)
    weighted.client.create_event_source_mapping(FunctionName=f"{weighted.name}:live", EventSourceArn=arn, BatchSize=1)

    dimensions = {"FunctionName": weighted.name, "Resource": f"{weighted.name}:live"}
    while not all(weighted.count("Invocations", **dimensions, ExecutedVersion=version) for version in ("1", "2")):
        aws.client("sqs").send_message(QueueUrl=queue, MessageBody="{}")
        time.sleep(0.05)
