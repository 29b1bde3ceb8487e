"""Makes metrics of embedded ones, and lets alarms change state by them."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from ministack.services import cloudwatch, cloudwatch_logs
from ministack.services.cloudformation import provisioners

from embedded_aws.cloudwatch import alarms, embedded_metrics
from embedded_aws.patching import rely_on, replace

if TYPE_CHECKING:
    from collections.abc import Callable

EVALUATED_EVERY = 1.0
"""Seconds between two evaluations of all alarms; AWS takes 10 to 60."""


def install() -> None:
    """Replaces the storing of log events and the evaluation of alarms."""
    rely_on(cloudwatch, "_metric_bucket", "_metrics", "_dims_key", "_dims_from_list", "_stat_value", "_calc_stats")
    rely_on(
        cloudwatch,
        "_evaluate_all_alarms",
        "_record_history",
        "_dispatch_alarm_actions",
        "_evaluate_parent_alarms",
        "_alarms",
    )
    replace(cloudwatch_logs, "_append_log_events", _with_metrics)
    replace(cloudwatch, "_evaluate_alarm", lambda _: alarms.evaluate)
    replace(provisioners, "_cw_metric_alarm_record", alarms.with_math)
    threading.Thread(target=_evaluate_for_ever, daemon=True, name="alarms").start()


def _with_metrics(original: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def append(stream: Any, events: list[dict[str, Any]]) -> None:
        original(stream, events)
        for event in events:
            for datum in embedded_metrics.read(event["message"]):
                key = (datum.namespace, datum.name, cloudwatch._dims_key(datum.dimensions))
                point = {"Timestamp": datum.timestamp, "Unit": datum.unit, "Dimensions": datum.dimensions}
                cloudwatch._metric_bucket(key).extend({**point, "Value": value} for value in datum.values)

    return append


def _evaluate_for_ever() -> None:
    """Evaluates the alarms of the account; without a request MiniStack's stores are those of its default account."""
    pause = threading.Event()
    while not pause.wait(EVALUATED_EVERY):
        with contextlib.suppress(RuntimeError):  # alarms come and go meanwhile
            cloudwatch._evaluate_all_alarms()
