"""Finds out what a stack is doing and has done, which CloudFormation does not tell custom resources."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from . import aws


def is_rolling_back(stack_id: str, *, if_unknown: bool = True) -> bool:
    """Tell whether a stack is rolling back.

    Args:
        stack_id: The stack.
        if_unknown: The answer if CloudFormation does not give one. For a version that is kept, True is the safe side:
            a rollback that does not restore the old values can fail, while a deployment only keeps an older version.
    """
    try:
        stack = aws.patiently(lambda: aws.cloudformation().describe_stacks(StackName=stack_id))["Stacks"][0]
    except (ClientError, BotoCoreError) as error:
        taken = "one that rolls back" if if_unknown else "one that does not roll back"
        print(f"the stack cannot be described, and is taken for {taken}: {aws.words_of(error)}")
        return if_unknown
    return "ROLLBACK" in stack["StackStatus"]


def has_settled(stack_id: str) -> bool:
    """Tell whether a stack's last operation before the present one ended, so that all resources had its properties.

    An operation without rollback that failed leaves some resources as they were before it. False if it is unknown.
    """
    pages = aws.cloudformation().get_paginator("describe_stack_events").paginate(StackName=stack_id)
    try:
        own = (
            str(event["ResourceStatus"])
            for page in pages
            for event in page["StackEvents"]
            if event["PhysicalResourceId"] == stack_id
        )
        # The newest come first: the present operation began after the last one ended.
        last = next((status for status in own if not status.endswith("IN_PROGRESS")), "")
    except (ClientError, BotoCoreError) as error:
        print(f"the stack's events cannot be read, and it is taken for one that failed: {aws.words_of(error)}")
        return False
    return last.endswith("_COMPLETE")
