"""The check of answers that clients of the tests make."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import answers
import botocore.session
import pytest


def check(service: str, operation: str, parsed: dict[str, Any], body: dict[str, Any] | None = None) -> None:
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    content = json.dumps(parsed if body is None else body).encode()
    answers.check(SimpleNamespace(status_code=200, content=content), parsed, model)


BUILD = {"id": "p:1", "buildStatus": "SUCCEEDED"}


@pytest.mark.parametrize(
    ("service", "operation", "answer", "problem"),
    [
        ("codebuild", "BatchGetBuilds", {"builds": [BUILD]}, ""),
        ("codebuild", "BatchGetBuilds", {"builds": [{**BUILD, "buildStatus": "DONE"}]}, "is 'DONE', which is none of"),
        ("codebuild", "BatchGetBuilds", {"builds": [{**BUILD, "state": 1}]}, "has state, which is no member"),
        ("codebuild", "BatchGetBuilds", {"builds": [{**BUILD, "id": 1}]}, "id is 1, and no string"),
        ("stepfunctions", "StartExecution", {"startDate": 1.5}, "StartExecution has no executionArn"),
    ],
)
def test_an_answer_that_the_service_would_not_give_fails(
    service: str, operation: str, answer: dict[str, Any], problem: str
) -> None:
    if not problem:
        check(service, operation, answer)
        return
    with pytest.raises(AssertionError, match=problem):
        check(service, operation, answer)
