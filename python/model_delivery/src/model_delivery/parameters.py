"""The custom resource behind each of a delivery's parameters.

CloudFormation would write the value of an `AWS::SSM::Parameter` again whenever another of its properties changes, a tag
for example, and so would take back what was delivered. This resource creates the parameter, and never writes it again.
"""

from __future__ import annotations

import traceback
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .response import respond


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
            _delete(name)
        else:
            _create(name, str(properties["Value"]), str(properties["Description"]))
    except (ClientError, BotoCoreError) as error:
        reason = f"the parameter {name} could not be {'deleted' if deletes else 'created'}: {error}"
    except Exception as error:
        # Not raised again: Lambda would try again, and CloudFormation takes one answer.
        traceback.print_exc()
        reason = f"the resource of the parameter {name} has a fault of its own: {error!r}"
    respond(event, name, reason=reason)


def _create(name: str, value: str, description: str) -> None:
    try:
        ssm().put_parameter(Name=name, Value=value, Type="String", Description=description, Overwrite=False)
    except ssm().exceptions.ParameterAlreadyExists:
        print(f"the parameter {name} exists: it keeps its value")


def _delete(name: str) -> None:
    try:
        ssm().delete_parameter(Name=name)
    except ClientError as error:
        # After a creation without an answer CloudFormation deletes by an id of its own, which names no parameter. The
        # role may not delete by such a name.
        absent = {"ParameterNotFound", "ValidationException"}
        if not name.startswith("/"):
            absent.add("AccessDeniedException")
        if error.response["Error"]["Code"] not in absent:
            raise
