"""Judges every request of a role by the role's policies, and by the resource's own, as AWS does."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator

from embedded_aws.iam import sessions
from embedded_aws.iam.sessions import caller_of
from embedded_aws.patching import replace

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("embedded_aws.iam")

#: The CDK's own, of `cdk bootstrap`: what they may do is not this project's.
_BOOTSTRAP = ":assumed-role/cdk-"


def install() -> None:
    """Makes every service ask IAM before it answers a role."""
    sessions.install()
    replace(app, "AUTH", lambda _: True)
    # Requests come by HTTP on the loopback interface, where on AWS they come by TLS.
    replace(app, "pin_request_origin", lambda original: lambda address, _secure: original(address, True))
    # Whose request it is decides; that it was signed with the right secret is not what is tried here.
    replace(iam_evaluator, "authenticate", lambda _: lambda _key, _account: None)
    replace(iam_evaluator, "enforce", _for_roles)
    replace(iam_actions, "s3_service_context", _with_conditional_writes)
    replace(iam_actions, "extract_iam_action", _with_batches)
    replace(iam_actions, "extract_resource_arn", _with_builds)
    replace(iam_actions, "extract_resource_arn", _with_log_streams)


def _for_roles(original: Callable[..., Any]) -> Callable[..., Any]:
    def enforce(access_key_id: str, iam_action: str, service: str, *rest: Any, **named: Any) -> Any:
        caller = caller_of(access_key_id)
        if ":assumed-role/" not in caller or _BOOTSTRAP in caller:
            return None
        denied = original(access_key_id, iam_action, service, *rest, **named)
        if denied is not None:
            log.warning("%s may not %s on %s: %s", caller, iam_action, named.get("resource_arn", "*"), denied)
        return denied

    return enforce


def _with_conditional_writes(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def context(iam_action: str, query_params: Any, path: str = "", headers: Any = None) -> dict[str, Any]:
        found = original(iam_action, query_params, path, headers)
        if iam_action == "s3:PutObject":
            # The start and the parts of a multipart upload create no object: only its completion does.
            query = query_params or {}
            creates = "partNumber" not in query and "uploads" not in query
            found["s3:ObjectCreationOperation"] = str(creates).lower()
            for name in ("if-none-match", "if-match"):
                if (headers or {}).get(name) is not None:
                    found[f"s3:{name}"] = headers[name]
        return found

    return context


def _with_batches(original: Callable[..., str | None]) -> Callable[..., str | None]:
    def action(service: str, *rest: Any) -> str | None:
        found = original(service, *rest)
        # SQS has no action of its own for a batch: who may send one message may send ten.
        return found.removesuffix("Batch") if found and service == "sqs" else found

    return action


def _with_builds(original: Callable[..., str]) -> Callable[..., str]:
    def resource(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        if service != "codebuild":
            return original(service, method, path, headers, body, *rest)
        # A build is judged by its project, whose name its id begins with.
        data = json.loads(body or b"{}")
        identifier = data.get("projectName") or data.get("id") or next(iter(data.get("ids") or []), "")
        region, account = rest[-2:]
        return f"arn:aws:codebuild:{region}:{account}:project/{str(identifier).partition(':')[0]}"

    return resource


def _with_log_streams(original: Callable[..., str]) -> Callable[..., str]:
    def resource(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        found = original(service, method, path, headers, body, *rest)
        action = headers.get("x-amz-target", "").rsplit(".", 1)[-1] if service == "logs" else ""
        if not action or "Tag" in action or ":log-group:" not in found:
            return found
        # Policies name a log group as `…:log-group:NAME:*`; only tags are judged by the ARN without the end.
        return f"{found}:log-stream:{json.loads(body or b'{}').get('logStreamName', '')}"

    return resource
