"""Invokes a ModelFunction directly, without a URL: the caller needs `modelFunction.grantInvoke(caller)`."""

from __future__ import annotations

import json
from typing import Any

import boto3


def predict_directly(function_name: str, instances: list[Any]) -> list[Any]:
    """Return one prediction for each instance, from the alias `live` of the function.

    Raises:
        RuntimeError: the model refuses the request, or the function failed.
    """
    response = boto3.client("lambda").invoke(
        FunctionName=function_name, Qualifier="live", Payload=json.dumps({"instances": instances})
    )
    answer = json.loads(response["Payload"].read())
    # A refused request is a normal return; FunctionError says that the function itself failed.
    if "FunctionError" in response or "error" in answer:
        raise RuntimeError(answer.get("error") or answer.get("errorMessage"))
    predictions: list[Any] = answer["predictions"]
    return predictions
