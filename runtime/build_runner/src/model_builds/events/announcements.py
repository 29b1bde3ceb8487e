"""Reports events of models to EventBridge, and refusals to CloudWatch too.

A deployment does not fail because that fails.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from .. import aws

if TYPE_CHECKING:
    from ..documents.kept_versions import Refusal

#: `lib/optimization/artifact/model-events.ts` has the same names.
SOURCE = "cdk-tensorflow"
PUBLISHED = "ModelPublished"
REFUSED = "ModelRefused"
PRUNED = "ModelPruned"
NAMESPACE = "CdkTensorFlow"
REFUSED_MODELS = "RefusedModels"
SCHEMA_VERSION = 1


def announce_published(event: dict[str, Any], key: str, record: dict[str, str]) -> None:
    """Report that a build has published a version.

    Args:
        event: CloudFormation's request.
        key: Build key of the job.
        record: Record of the version.
    """
    job = json.loads(event["ResourceProperties"]["Job"])
    detail = _subject(event, key) | {
        "version": record["Version"],
        "format": job["format"],
        "manifestKey": record["ManifestKey"],
        "manifestSha256": record["ManifestSha256"],
        "summary": record["Summary"],
        "reportKey": record["ReportKey"],
        "buildUrl": record["BuildUrl"],
    }
    publish(PUBLISHED, detail)


def announce_refusal(event: dict[str, Any], key: str, refusal: Refusal, kept: dict[str, str], message: str) -> None:
    """Report that a model was refused, and which version is kept.

    Args:
        event: CloudFormation's request.
        key: Build key of the refused job.
        refusal: The refusal.
        kept: Record of the version that is kept.
        message: Text for people, with the candidates if they are known.
    """
    detail = _subject(event, key) | {
        "attempt": refusal.attempt,
        "reason": refusal.reason,
        "message": message,
        "reportKey": refusal.reportKey,
        "buildUrl": refusal.buildUrl,
        "kept": {
            "buildKey": refusal.keptBuildKey,
            "version": refusal.keptVersion,
            "manifestKey": kept["ManifestKey"],
            "manifestSha256": kept["ManifestSha256"],
        },
    }
    _count(REFUSED_MODELS, event["ResourceProperties"]["Project"], detail)
    publish(REFUSED, detail)


def _subject(event: dict[str, Any], key: str) -> dict[str, Any]:
    properties = event["ResourceProperties"]
    return {
        "schemaVersion": SCHEMA_VERSION,
        "modelName": json.loads(properties["Job"])["model"],
        "modelPrefix": properties["Model"],
        "bucket": properties["Bucket"],
        "stackId": event["StackId"],
        "buildKey": key,
    }


def _count(metric: str, project: str, detail: dict[str, Any]) -> None:
    """Print a line from which CloudWatch makes a metric (embedded metric format)."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["ProjectName", "ModelName"]],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
        "ProjectName": project,
        "ModelName": detail["modelName"],
        metric: 1,
        "message": detail["reason"],
        "buildKey": detail["buildKey"],
    }
    print(json.dumps(line, ensure_ascii=False))


def publish(kind: str, detail: dict[str, Any]) -> None:
    """Publish an event of a stack's model, or print why that is not possible.

    Args:
        kind: The event's type.
        detail: Its detail, with the stack's ARN as `stackId`.
    """
    entry: Any = {
        "Source": SOURCE,
        "DetailType": kind,
        "Detail": json.dumps(detail, ensure_ascii=False),
        "Resources": [detail["stackId"]],
    }
    try:
        # The permission may be as new as the resource.
        answer = aws.patiently(lambda: aws.events().put_events(Entries=[entry]), passes=_is_denied)
    except (ClientError, BotoCoreError) as error:
        print(f"the event {kind} could not be published: {aws.words_of(error)}")
        return
    if answer["FailedEntryCount"]:
        print(f"the event {kind} could not be published: {answer['Entries'][0].get('ErrorMessage')}")


def _is_denied(error: Exception) -> bool:
    return isinstance(error, ClientError) and aws.is_denied(error)
