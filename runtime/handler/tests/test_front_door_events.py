"""Whole events as AWS documents them, not only the fields that the handler reads."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from model_server import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from model_server import Model

BODY = '{"instances": [[1.0, 2.0]]}'
PATH = "/v1/models/tiny:predict"


def payload_2(path: str, stage: str, domain: str) -> dict[str, Any]:
    """Return the event of an HTTP API or of a function URL."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "trace=1",
        "cookies": ["session=1"],
        "headers": {"content-type": "application/json", "x-forwarded-for": "203.0.113.7", "host": domain},
        "queryStringParameters": {"trace": "1"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "r3pmxmplak",
            "authorizer": {
                "iam": {"accessKey": "AKIA", "accountId": "123456789012", "userArn": "arn:aws:iam::1:user/a"}
            },
            "domainName": domain,
            "domainPrefix": "r3pmxmplak",
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "agent",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": stage,
            "time": "24/Nov/2026:10:00:00 +0000",
            "timeEpoch": 1795514400000,
        },
        "pathParameters": {"proxy": "tiny:predict"},
        "stageVariables": None,
        "body": BODY,
        "isBase64Encoded": False,
    }


def payload_1() -> dict[str, Any]:
    """Return the event of a REST API with Lambda proxy integration."""
    return {
        "version": "1.0",
        "resource": "/{proxy+}",
        "path": PATH,
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", "Host": "70ixmpl4fl.execute-api.eu-west-1.amazonaws.com"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": "v1/models/tiny:predict"},
        "stageVariables": None,
        "requestContext": {
            "resourceId": "2gxmpl",
            "resourcePath": "/{proxy+}",
            "httpMethod": "POST",
            "extendedRequestId": "JJbxmplHYosFVYQ=",
            "requestTime": "24/Nov/2026:10:00:00 +0000",
            "path": f"/prod{PATH}",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "prod",
            "domainPrefix": "70ixmpl4fl",
            "requestTimeEpoch": 1795514400000,
            "requestId": "77375676-xmpl-4b79-853a-f982474efe18",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "agent", "user": None},
            "domainName": "70ixmpl4fl.execute-api.eu-west-1.amazonaws.com",
            "apiId": "70ixmpl4fl",
        },
        "body": BODY,
        "isBase64Encoded": False,
    }


EVENTS = {
    "function URL": payload_2(PATH, "$default", "url-id.lambda-url.eu-west-1.on.aws"),
    "HTTP API": payload_2(PATH, "$default", "r3pmxmplak.execute-api.eu-west-1.amazonaws.com"),
    "HTTP API with a stage": payload_2(f"/beta{PATH}", "beta", "r3pmxmplak.execute-api.eu-west-1.amazonaws.com"),
    "REST API": payload_1(),
}


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
@pytest.mark.parametrize("encoded", [False, True], ids=["text", "base64"])
def test_every_front_door_gets_the_prediction(
    event: dict[str, Any], encoded: bool, load_model: Callable[..., Model]
) -> None:
    if encoded:
        event = {**event, "body": base64.b64encode(BODY.encode()).decode(), "isBase64Encoded": True}
    model = load_model("signatures")
    model.description.model = "tiny"
    response = events.answer(model, event)
    assert (response["statusCode"], response["isBase64Encoded"]) == (200, False)
    assert json.loads(response["body"]) == {"predictions": [[2.0, 4.0]]}
    assert all(isinstance(value, str) for value in response["headers"].values())
