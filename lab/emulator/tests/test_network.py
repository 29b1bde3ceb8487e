"""Networks, deployed and looked up by the genuine CDK command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from test_cdk_cli import APP, Cli

if TYPE_CHECKING:
    from pathlib import Path

    from running import Running

FLAGS = {"@aws-cdk/aws-ec2:restrictDefaultSecurityGroup": True}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Working directory of the command line, which writes its look-ups there."""
    directory = tmp_path_factory.mktemp("app")
    (directory / "cdk.json").write_text(json.dumps({"app": f"node {APP / 'network.js'}", "context": FLAGS}))
    return directory


@pytest.fixture(scope="module")
def cli(aws: Running, app: Path, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    cli = Cli(aws, app)
    result = cli("bootstrap", "aws://123456789012/us-east-1", directory=tmp_path_factory.mktemp("no-app"))
    assert result.returncode == 0, result.stderr
    return cli


def deploy(cli: Cli, stack: str) -> dict[str, str]:
    outputs = ("--outputs-file", str(cli.work / "outputs.json"))
    result = cli("deploy", "-c", f"stack={stack}", "--require-approval", "never", *outputs, directory=cli.work)
    assert result.returncode == 0, result.stdout + result.stderr
    return cli.outputs(stack)


@pytest.mark.slow
def test_a_network_is_deployed_looked_up_and_destroyed(aws: Running, cli: Cli) -> None:
    made = deploy(cli, "NetworkStack")

    ec2 = aws.client("ec2")
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [made["Vpc"]]}])["Subnets"]
    assert made["Zones"] == "us-east-1a,us-east-1b,us-east-1c"
    assert made["Cidr"] == "10.0.0.0/16"
    assert made["Image"].startswith("ami-")
    assert {subnet["AvailabilityZone"] for subnet in subnets} == set(made["Zones"].split(","))
    assert len(subnets) == 6
    [gateway] = ec2.describe_nat_gateways(Filters=[{"Name": "vpc-id", "Values": [made["Vpc"]]}])["NatGateways"]
    assert gateway["State"] == "available"
    endpoints = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [made["Vpc"]]}])["VpcEndpoints"]
    assert sorted(endpoint["ServiceName"].rsplit(".", 1)[1] for endpoint in endpoints) == ["logs", "s3"]
    [group] = ec2.describe_security_groups(GroupIds=[made["Instances"]])["SecurityGroups"]
    [rule] = group["IpPermissions"]
    assert (rule["FromPort"], rule["UserIdGroupPairs"][0]["GroupId"]) == (8501, made["Load"])
    default = [{"Name": "vpc-id", "Values": [made["Vpc"]]}, {"Name": "group-name", "Values": ["default"]}]
    assert ec2.describe_security_groups(Filters=default)["SecurityGroups"][0]["IpPermissionsEgress"] == []

    assert sorted(deploy(cli, "LookupStack")["Private"].split(",")) == sorted(made["Private"].split(","))

    for stack in ("LookupStack", "NetworkStack"):
        result = cli("destroy", "-c", f"stack={stack}", "--force", directory=cli.work)
        assert result.returncode == 0, result.stdout + result.stderr
    assert made["Vpc"] not in [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]]
    assert ec2.describe_addresses()["Addresses"] == []
