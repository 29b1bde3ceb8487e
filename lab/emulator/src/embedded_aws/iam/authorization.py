"""Judges every request of a role by the role's policies, and by the resource's own, as AWS does."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from embedded_aws.iam.bucket_keys import uses_of_key
from embedded_aws.iam.sessions import caller_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.iam.calls import CallFile

log = logging.getLogger("embedded_aws.iam")


def for_roles(calls: CallFile | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Judges the requests of roles only; the account may do everything.

    Args:
        calls: Gets every judged request; None for no record.
    """

    def replacement(original: Callable[..., Any]) -> Callable[..., Any]:
        def enforce(access_key_id: str, iam_action: str, service: str, *rest: Any, **named: Any) -> Any:
            caller = caller_of(access_key_id)
            if ":assumed-role/" not in caller:
                return None

            def judge(action: str, of: str, **asked: Any) -> Any:
                denied = original(access_key_id, action, of, *rest, **asked)
                resource = str(asked.get("resource_arn", "*"))
                if calls is not None:
                    calls.add(caller, action, resource, asked.get("service_context"), allowed=denied is None)
                if denied is not None:
                    log.warning("%s may not %s on %s: %s", caller, action, resource, denied)
                return denied

            denied = judge(iam_action, service, **named)
            key, uses = uses_of_key(iam_action, str(named.get("resource_arn", "*")), named.get("service_context") or {})
            for use in uses:
                denied = denied or judge(use, "kms", resource_arn=key)
            return denied

        return enforce

    return replacement


def with_conditional_writes(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Adds the conditions of conditional writes and multipart uploads."""

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


def with_events(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Adds the conditions of events, where all of a request are alike."""

    def context(service: str, iam_action: str, body: bytes, *rest: Any) -> dict[str, Any]:
        found = original(service, iam_action, body, *rest)
        if iam_action == "events:PutEvents":
            entries = json.loads(body or b"{}").get("Entries", [])
            for key, name in {"events:source": "Source", "events:detail-type": "DetailType"}.items():
                values = {str(entry.get(name)) for entry in entries}
                if len(values) == 1:
                    found = {**found, key: values.pop()}
        return found

    return context


def with_metrics(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Adds the condition of metrics, in JSON or as a form."""

    def context(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        found = original(service, iam_action, body, params)
        if iam_action != "cloudwatch:PutMetricData":
            return found
        data = json.loads(body) if body[:1] == b"{" else params
        namespace = data.get("Namespace", "")
        return {**found, "cloudwatch:namespace": namespace[0] if isinstance(namespace, list) else namespace}

    return context


def with_batches(original: Callable[..., str | None]) -> Callable[..., str | None]:
    """Judges a batch of messages as its single action."""

    def action(service: str, *rest: Any) -> str | None:
        found = original(service, *rest)
        # SQS has no action of its own for a batch: who may send one message may send ten.
        return found.removesuffix("Batch") if found and service == "sqs" else found

    return action


def with_builds(original: Callable[..., str]) -> Callable[..., str]:
    """Judges a build by its project."""

    def resource(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        if service != "codebuild":
            return original(service, method, path, headers, body, *rest)
        # A build is judged by its project, whose name its id begins with.
        data = json.loads(body or b"{}")
        identifier = data.get("projectName") or data.get("id") or next(iter(data.get("ids") or []), "")
        region, account = rest[-2:]
        return f"arn:aws:codebuild:{region}:{account}:project/{str(identifier).partition(':')[0]}"

    return resource


def with_stacks(original: Callable[..., str]) -> Callable[..., str]:
    """Judges a stack that a request names by the ARN that it has, whose end is its own."""

    def resource(service: str, *rest: Any) -> str:
        found = original(service, *rest)
        if service != "cloudformation" or not found.endswith("/*"):
            return found
        from ministack.services.cloudformation import handlers

        stack = handlers._resolve_stack(found.split("/")[1])
        return str(stack["StackId"]) if stack else found

    return resource


def with_log_streams(original: Callable[..., str]) -> Callable[..., str]:
    """Judges a log group by the ARN that policies name."""

    def resource(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        found = original(service, method, path, headers, body, *rest)
        action = headers.get("x-amz-target", "").rsplit(".", 1)[-1] if service == "logs" else ""
        if not action or "Tag" in action or ":log-group:" not in found:
            return found
        # Policies name a log group as `…:log-group:NAME:*`; only tags are judged by the ARN without the end.
        return f"{found}:log-stream:{json.loads(body or b'{}').get('logStreamName', '')}"

    return resource
