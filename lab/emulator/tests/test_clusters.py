"""Rejections by a cluster, and machines without the Kubernetes programs. lab/e2e/service.test.ts runs a cluster."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from running import Running, started
from support import role, unique

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An embedded AWS on a machine that has built no Kubernetes."""
    state = tmp_path_factory.mktemp("bare")
    with started(state, XDG_CACHE_HOME=str(state)) as running:
        yield running


def failure(aws: Running, resources: dict[str, object]) -> str:
    """Create a stack of these resources, and return the reason why it failed."""
    client, name = aws.client("cloudformation"), unique("stack")
    client.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    while client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"].endswith("IN_PROGRESS"):
        time.sleep(0.05)
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    return "\n".join(event.get("ResourceStatusReason", "") for event in events if "FAILED" in event["ResourceStatus"])


def cluster(aws: Running, **properties: object) -> dict[str, object]:
    return {"Type": "AWS::EKS::Cluster", "Properties": {"RoleArn": role(aws, "eks.amazonaws.com"), **properties}}


def test_a_stack_with_a_cluster_fails_and_names_the_command_to_run_first(bare: Running) -> None:
    reason = failure(bare, {"Cluster": cluster(bare, Version="1.36", ComputeConfig={"Enabled": True})})

    assert "Kubernetes' own programs, which are not built on this machine" in reason
    assert "npm run test:cluster" in reason


def test_the_api_fails_and_names_the_command_too(bare: Running) -> None:
    with pytest.raises(ClientError, match="npm run test:cluster"):
        bare.client("eks").create_cluster(
            name="c", roleArn=role(bare, "eks.amazonaws.com"), resourcesVpcConfig={"subnetIds": []}
        )
    assert bare.client("eks").list_clusters()["clusters"] == []


def test_a_cluster_without_auto_mode_is_refused_because_nothing_would_create_its_nodes(bare: Running) -> None:
    assert "Auto Mode only" in failure(bare, {"Cluster": cluster(bare, Version="1.36")})


def test_an_add_on_that_would_do_nothing_is_refused(bare: Running) -> None:
    addon = {"Type": "AWS::EKS::Addon", "Properties": {"ClusterName": "c", "AddonName": "aws-efs-csi-driver"}}

    assert "the emulator has no add-on aws-efs-csi-driver" in failure(bare, {"Addon": addon})
