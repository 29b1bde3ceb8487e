"""Makes every service ask IAM before it answers a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam, sts

from embedded_aws.iam import authorization
from embedded_aws.patching import rely_on, replace

if TYPE_CHECKING:
    from embedded_aws.iam.calls import CallFile


def install(calls: CallFile | None = None) -> None:
    """Switches MiniStack's evaluator on, with the conditions and resources that it lacks.

    Args:
        calls: Gets every judged request; None for no record.
    """
    rely_on(sts, "_sessions", "register_session")
    rely_on(iam, "_instance_profiles", "_roles")
    replace(app, "AUTH", lambda _: True)
    # Requests come by HTTP on the loopback interface, where on AWS they come by TLS.
    replace(app, "pin_request_origin", lambda original: lambda address, _secure: original(address, True))
    # Authorize by the caller of a request; signatures are not checked.
    replace(iam_evaluator, "authenticate", lambda _: lambda _key, _account: None)
    replace(iam_evaluator, "enforce", authorization.for_roles(calls))
    replace(iam_actions, "s3_service_context", authorization.with_conditional_writes)
    replace(iam_actions, "request_tag_context", authorization.with_events)
    replace(iam_actions, "request_tag_context", authorization.with_metrics)
    replace(iam_actions, "extract_iam_action", authorization.with_batches)
    replace(iam_actions, "extract_resource_arn", authorization.with_builds)
    replace(iam_actions, "extract_resource_arn", authorization.with_log_streams)
    replace(iam_actions, "extract_resource_arn", authorization.with_stacks)
