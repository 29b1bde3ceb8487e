"""Finds out whether a stack is rolling back, which CloudFormation does not tell custom resources."""

from __future__ import annotations

from botocore.exceptions import ClientError

from . import aws


def is_rolling_back(stack_id: str) -> bool:
    """Tell whether a stack is rolling back; also True if CloudFormation does not answer.

    That side is the safe one: a rollback that does not restore the old values can fail, while a deployment only keeps
    an older version.
    """
    try:
        stack = aws.patiently(lambda: aws.cloudformation().describe_stacks(StackName=stack_id))["Stacks"][0]
    except (ClientError, *aws.NO_ANSWER) as error:
        print(f"the stack cannot be described, and is taken for one that rolls back: {aws.words_of(error)}")
        return True
    return "ROLLBACK" in stack["StackStatus"]
