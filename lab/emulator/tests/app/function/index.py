"""Answers with what its layer holds."""

from pathlib import Path


def handler(event, context):
    answer = {"answer": Path("/opt/ml/answer.txt").read_text(), "version": context.function_version}
    return {"statusCode": 200, "body": answer["answer"]} if "requestContext" in event else answer
