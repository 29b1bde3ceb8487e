"""Writes to S3 with the role of a stream, which IAM judges. What is denied waits for the next record of the stream."""

from __future__ import annotations

import contextvars
import logging
import threading
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_region
from ministack.services import s3

from embedded_aws.iam.sessions import session_of

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("embedded_aws.firehose")

_role: contextvars.ContextVar[str] = contextvars.ContextVar("role")
_waiting: dict[str, list[tuple[str, str, bytes]]] = {}
_lock = threading.Lock()


def as_role(original: Callable[..., None]) -> Callable[..., None]:
    """Remembers whose role delivers records."""

    def deliver(stream: dict[str, Any], destination: dict[str, Any], records: Any) -> None:
        token = _role.set(destination["config"]["RoleARN"])
        try:
            original(stream, destination, records)
        finally:
            _role.reset(token)

    return deliver


def if_allowed(original: Callable[[str, str, bytes], None]) -> Callable[[str, str, bytes], None]:
    """Writes what the role may write, the oldest first."""

    def put(bucket: str, key: str, body: bytes) -> None:
        role = _role.get()
        with _lock:
            waiting = _waiting.setdefault(role, [])
            waiting.append((bucket, key, body))
            while waiting:
                problem = contextvars.copy_context().run(_why_not, role, *waiting[0][:2])
                if problem:
                    log.warning(
                        "%s did not write %s to %s, and %d objects wait: %s", role, key, bucket, len(waiting), problem
                    )
                    return
                original(*waiting.pop(0))

    return put


def _why_not(role: str, bucket: str, key: str) -> str:
    """Returns why a role cannot write an object; an empty text if it can."""
    if bucket not in s3._buckets:
        return "NoSuchBucket"
    iam_evaluator.pin_request_origin("127.0.0.1", True)
    session = session_of(role, "firehose")["AWS_ACCESS_KEY_ID"]
    arn = f"arn:aws:s3:::{bucket}/{key}"
    denied = iam_evaluator.enforce(session, "s3:PutObject", "s3", get_region(), resource_arn=arn, service_context={})
    return "" if denied is None else "AccessDenied"
