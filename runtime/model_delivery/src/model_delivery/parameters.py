"""The custom resource behind each of a delivery's parameters.

CloudFormation would write the value of an `AWS::SSM::Parameter` again whenever another of its properties changes, a tag
for example, and so would take back what was delivered. This resource creates the parameter, and never writes it again.

A resource that finds the parameter takes it over: its construct was moved, or its stack renamed. CloudFormation then
deletes the resource of before, or, in a rollback, this one. Tags say whose the parameter is, so that it stays.
"""

from __future__ import annotations

import hashlib
import time
import traceback
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cdk_tensorflow_shared.cloudformation_response import respond

if TYPE_CHECKING:
    from collections.abc import Callable

#: Tags: the resource that the parameter is deleted with, and the one that it was taken over from and that still exists.
OWNER, OWNER_BEFORE = "cdk-tensorflow:owner", "cdk-tensorflow:owner-before"
#: Owner of a parameter without tags.
_UNKNOWN = "unknown"
_DENIED = "AccessDeniedException"
#: Time to try again while a new role becomes effective. The function has two minutes.
_PATIENCE_SECONDS = 60
_POLL_SECONDS = 5


@cache
def ssm() -> Any:
    """Return the client for Systems Manager."""
    return boto3.client("ssm", config=Config(retries={"mode": "standard", "total_max_attempts": 5}))


def keep_parameter(event: dict[str, Any], _context: Any) -> None:
    """Create or delete a parameter, and answer CloudFormation whatever happens: without an answer it waits an hour."""
    properties, deletes = event["ResourceProperties"], event["RequestType"] == "Delete"
    # A new name is a new id: CloudFormation then deletes the parameter of the old one.
    name = str(event["PhysicalResourceId"] if deletes else properties["Name"])
    reason = ""
    try:
        if deletes:
            _patiently(name, lambda: _delete(name, _id_of(event)))
        else:
            _patiently(name, lambda: _create(event, name))
    except (ClientError, BotoCoreError) as error:
        reason = f"the parameter {name} could not be {'deleted' if deletes else 'created'}: {error}"
    except Exception as error:
        # Do not raise it again: Lambda would try again, and CloudFormation takes one answer.
        traceback.print_exc()
        reason = f"the resource of the parameter {name} has a fault of its own: {error!r}"
    respond(event, name, reason=reason)


def _patiently(name: str, work: Callable[[], None]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            work()
        except ClientError as error:
            if error.response["Error"]["Code"] != _DENIED or time.monotonic() >= deadline:
                raise
            print(f"the parameter {name} may not be used yet: {error}")
            time.sleep(_POLL_SECONDS)
        else:
            return


def _create(event: dict[str, Any], name: str) -> None:
    properties, own = event["ResourceProperties"], _id_of(event)
    try:
        ssm().put_parameter(
            Name=name,
            Value=str(properties["Value"]),
            Type="String",
            Description=str(properties["Description"]),
            Overwrite=False,
            Tags=[{"Key": OWNER, "Value": own}],
        )
    except ssm().exceptions.ParameterAlreadyExists:
        print(f"the parameter {name} exists: it keeps its value")
        # Skip a parameter that is this resource's own already.
        if event.get("PhysicalResourceId") != name and (owner := _tags(name).get(OWNER, _UNKNOWN)) != own:
            _tag(name, {OWNER: own, OWNER_BEFORE: owner})


def _delete(name: str, own: str) -> None:
    try:
        if not _is_handed_on(name, own):
            ssm().delete_parameter(Name=name)
    except ClientError as error:
        # If a creation gets no answer, CloudFormation deletes by an id of its own, which names no parameter. The role
        # may not delete by such a name.
        absent = {"ParameterNotFound", "InvalidResourceId", "ValidationException"}
        if not name.startswith("/"):
            absent.add(_DENIED)
        if error.response["Error"]["Code"] not in absent:
            raise


def _is_handed_on(name: str, own: str) -> bool:
    """Leave a parameter to the resource that took it over, or that it was taken over from; False if there is none."""
    tags = _tags(name)
    owner, before = tags.get(OWNER, _UNKNOWN), tags.get(OWNER_BEFORE, "")
    if owner not in {own, _UNKNOWN}:
        if before in {own, _UNKNOWN}:
            _tag(name, {OWNER_BEFORE: ""})
        print(f"the parameter {name} stays: another resource has taken it over")
        return True
    if before:
        _tag(name, {OWNER: before, OWNER_BEFORE: ""})
        print(f"the parameter {name} stays: it is that of the resource before again")
        return True
    return False


def _id_of(event: dict[str, Any]) -> str:
    """Return what identifies a resource in a tag, which takes fewer characters than both names may have."""
    return hashlib.sha256(f"{event['StackId']}/{event['LogicalResourceId']}".encode()).hexdigest()[:32]


def _tags(name: str) -> dict[str, str]:
    tags = ssm().list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def _tag(name: str, tags: dict[str, str]) -> None:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    ssm().add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=listed)
