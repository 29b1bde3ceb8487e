"""Finds out whether a stack is rolling back, which CloudFormation does not tell custom resources."""

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
