"""Alarms of the consumer app."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct


def alarm(metric: cloudwatch.Metric, scope: Construct, name: str) -> None:
    """Metrics are in a template only where something watches them."""
    metric.create_alarm(scope, f"{name}Alarm", threshold=1, evaluation_periods=1)
