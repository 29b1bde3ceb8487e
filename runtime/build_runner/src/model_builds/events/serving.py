"""Reports which version an endpoint serves.

An endpoint has two resources for it. The last one is updated when callers get a new version. The first one is updated
before anything that a new version changes, so that a rollback returns to it however early the update failed.
"""

from __future__ import annotations

from typing import Any

from ..stack_status import is_rolling_back
from .announcements import SCHEMA_VERSION, publish

#: `lib/optimization/artifact/model-events.ts` has the same names.
LIVE = "ModelLive"
ROLLED_BACK = "ModelRolledBack"
#: Modes of the two resources that send events: the last of a stack, and the first.
LIVE_MODE = "live_event"
ROLLED_BACK_MODE = "rolled_back_event"
MODES = {LIVE_MODE, ROLLED_BACK_MODE}


def announce_serving(event: dict[str, Any]) -> None:
    """Report that a version is live, or that it was rolled back. A deployment does not fail because that fails.

    Args:
        event: CloudFormation's request to create or update one of the two resources.
    """
    properties = event["ResourceProperties"]
    live, before = _version(properties), None
    if event["RequestType"] == "Update":
        before = _version(event["OldResourceProperties"])
        if before == live:
            print("the version is the same: there is no event")
            return
    # If the stack cannot be described, report only what is live: that is true in a rollback too.
    goes_back = before is not None and is_rolling_back(event["StackId"], if_unknown=False)
    subject = {
        "schemaVersion": SCHEMA_VERSION,
        "endpoint": properties["Endpoint"],
        "path": properties["Path"],
        "modelName": properties["ModelName"],
        "stackId": event["StackId"],
        "requestId": event["RequestId"],
        "live": live,
    }
    if properties["Mode"] == LIVE_MODE and not goes_back:
        publish(LIVE, subject | {"before": before})
    elif properties["Mode"] == ROLLED_BACK_MODE and goes_back:
        publish(ROLLED_BACK, subject | {"rolledBack": before})


def _version(properties: dict[str, Any]) -> dict[str, str]:
    return {
        "bucket": properties["Bucket"],
        "version": properties["Version"],
        "manifestKey": properties["ManifestKey"],
        "manifestSha256": properties["ManifestSha256"],
    }
