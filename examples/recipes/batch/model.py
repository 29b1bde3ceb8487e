"""Asks the model's function."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
from botocore.config import Config

#: Client that waits as long as Lambda computes and never retries, so that no request is computed twice.
_LAMBDA = boto3.client("lambda", config=Config(read_timeout=900, retries={"total_max_attempts": 1}))


def predict(body: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request body: `predictions` or `outputs`, or `error` where the model refuses it.

    Raises:
        RuntimeError: the function did not answer: it failed, timed out, or could not start.
    """
    response = _LAMBDA.invoke(FunctionName=os.environ["MODEL_FUNCTION"], Payload=json.dumps(body))
    answer: dict[str, Any] = json.loads(response["Payload"].read())
    if "FunctionError" in response:
        raise RuntimeError(f"the model's function failed: {answer.get('errorMessage')}")
    return answer
