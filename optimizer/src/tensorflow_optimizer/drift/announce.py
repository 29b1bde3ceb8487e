"""Uploads a comparison, writes its metrics, and publishes an event if there is drift."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from ..documents.drift import (
    DRIFT_FILE,
    DRIFT_PAGE,
    DriftedFeature,
    DriftEvent,
    DriftReport,
    DriftVerdict,
)
from ..errors import OptimizerError
from ..storage.s3 import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: `lib/monitor/monitor-project.ts` has the same names.
EVENT_SOURCE = "cdk-tensorflow"
MODEL_DRIFTED = "ModelDrifted"
NAMESPACE = "CdkTensorFlow"
SAMPLES = "ComparedSamples"
DRIFTED_FEATURES = "DriftedFeatures"
STABILITY_INDEX = "MaxPopulationStabilityIndex"
DIVERGENCE = "MaxJensenShannonDivergence"
#: Prefix of reports in the bucket. No model is named so: the reports of a model are below it.
REPORT_PREFIX = "drift-reports"

_MOST_FEATURES = 10
_FEATURE_FIELDS = set(DriftedFeature.model_fields)


@dataclass(frozen=True)
class Announcement:
    """Places in the account to which a comparison is published."""

    bucket: str
    """The capture bucket."""
    manifest_key: str
    project: str
    """Name of the CodeBuild project, a dimension of the metrics."""
    run: str
    """Identifies the run; part of the report's key."""


def announce(directory: Path, to: Announcement, log: Callable[[str], None]) -> None:
    """Publish drift.json and drift.html of a directory.

    Args:
        directory: The output directory of `drift`.
        to: Where to.
        log: Receives one line about each step.

    Raises:
        OptimizerError: Something could not be uploaded, written or published.
    """
    report = DriftReport.model_validate_json((directory / DRIFT_FILE).read_bytes())
    prefix = f"{REPORT_PREFIX}/{report.model}/{report.created[:10].replace('-', '/')}/{to.run}/"
    bucket = Bucket(to.bucket)
    for name, kind in ((DRIFT_FILE, "application/json"), (DRIFT_PAGE, "text/html; charset=utf-8")):
        bucket.create(prefix + name, directory / name, kind)
        log(f"report: {bucket.address(prefix + name)}")
    try:
        _write_metrics(report, to)
        log(f"metrics: {NAMESPACE}, ProjectName={to.project}, ModelName={report.model}")
        if report.verdict is DriftVerdict.DRIFTED:
            _publish_event(event_of(report, to, prefix + DRIFT_PAGE))
            log(f"event: {MODEL_DRIFTED}")
    except (BotoCoreError, ClientError) as error:
        raise OptimizerError(f"the comparison could not be published: {error}") from error


def metrics_of(report: DriftReport) -> dict[str, float]:
    """Return the metrics by name; without enough samples only their number."""
    metrics: dict[str, float] = {SAMPLES: report.samples}
    if report.verdict is not DriftVerdict.NOT_ENOUGH:
        metrics[DRIFTED_FEATURES] = len(report.drifted)
        metrics[STABILITY_INDEX] = max((feature.population_stability_index for feature in report.features), default=0.0)
        metrics[DIVERGENCE] = max((feature.jensen_shannon_divergence for feature in report.features), default=0.0)
    return metrics


def event_of(report: DriftReport, to: Announcement, report_key: str) -> DriftEvent:
    """Return the detail of the event."""
    return DriftEvent(
        model_name=report.model,
        model_version=report.version or 0,
        bucket=to.bucket,
        manifest_key=to.manifest_key,
        first_request=report.first_request or "",
        last_request=report.last_request or "",
        samples=report.samples,
        message=report.sentence,
        features=[
            DriftedFeature.model_validate(entry.model_dump(include=_FEATURE_FIELDS))
            for entry in report.drifted[:_MOST_FEATURES]
        ],
        report_key=report_key,
    )


def _write_metrics(report: DriftReport, to: Announcement) -> None:
    dimensions = [{"Name": "ProjectName", "Value": to.project}, {"Name": "ModelName", "Value": report.model}]
    data: Any = [
        {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": _unit(name)}
        for name, value in metrics_of(report).items()
    ]
    boto3.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=data)


def _unit(name: str) -> str:
    return "Count" if name in {SAMPLES, DRIFTED_FEATURES} else "None"


def _publish_event(event: DriftEvent) -> None:
    entry: Any = {
        "Source": EVENT_SOURCE,
        "DetailType": MODEL_DRIFTED,
        "Detail": json.dumps(event.to_data(), ensure_ascii=False),
    }
    answer = boto3.client("events").put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise OptimizerError(
            f"the event {MODEL_DRIFTED} could not be published: {answer['Entries'][0].get('ErrorMessage')}"
        )
