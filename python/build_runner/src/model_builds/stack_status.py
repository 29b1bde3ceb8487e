"""Whether a stack goes forward or back, which CloudFormation does not tell its custom resources."""

from __future__ import annotations

from botocore.exceptions import ClientError

from . import aws


def is_rolling_back(stack_id: str) -> bool:
    """Tell whether a stack goes back to what it was; True too where CloudFormation cannot be asked.

    A rollback that does not return to what was there before fails; one version more that is kept does no harm.
    """
    try:
        stack = aws.patiently(lambda: aws.cloudformation().describe_stacks(StackName=stack_id))["Stacks"][0]
    except (ClientError, *aws.NO_ANSWER) as error:
        print(f"the stack cannot be described, and is taken for one that rolls back: {aws.words_of(error)}")
        return True
    return "ROLLBACK" in stack["StackStatus"]
