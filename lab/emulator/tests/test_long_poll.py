"""The CDK's command line is answered as soon as an operation has ended; other clients get the status at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from test_siblings import provider  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from running import Running
    from test_siblings import Provider


def status(aws: Running, name: str, agent: str) -> str:
    """The status that a client with this name gets by one request."""
    client = aws.client("cloudformation", user_agent=agent)
    found: str = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    return found


def test_the_command_line_is_answered_once_the_operation_has_ended(provider: Provider) -> None:  # noqa: F811 - the fixture
    aws, name = provider.aws, provider.name
    deploying = provider.deploying({"Only": provider.resource()})
    event = provider.next("Create")
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(status, aws, name, "aws-cdk/2.1 aws-sdk-js/3.9")
        assert status(aws, name, "aws-sdk-js/3.9") == "CREATE_IN_PROGRESS"
        assert not asked.done()
        provider.answer(event)
        assert asked.result() == "CREATE_COMPLETE"
    deploying.join()
    assert status(aws, name, "aws-cdk/2.1") == "CREATE_COMPLETE"
