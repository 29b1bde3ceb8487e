"""Sends log events through Firehose to S3."""

from __future__ import annotations

from ministack.core import iam_evaluator
from ministack.services import cloudwatch_logs, firehose, iam, s3

from embedded_aws.cloudformation.wrapping import before
from embedded_aws.firehose import delivery, subscriptions, writing
from embedded_aws.patching import rely_on, replace


def install() -> None:
    """Adds streams to the destinations of subscription filters, and what streams do with their records."""
    rely_on(iam, "_roles")
    rely_on(firehose, "_put_record_batch", "_put_s3_object", "_s3_bucket_from_arn", "_evaluate_prefix", "_arrival_time")
    rely_on(cloudwatch_logs, "_log_groups")
    rely_on(iam_evaluator, "enforce", "pin_request_origin")
    rely_on(s3, "_buckets")
    replace(cloudwatch_logs, "_fanout_to_subscription_filters", subscriptions.sending)
    replace(firehose, "_apply_lambda_processors", delivery.processing)
    replace(firehose, "_deliver_to_s3", delivery.compressing)
    replace(firehose, "_deliver_records_to_s3", writing.as_role)
    replace(firehose, "_put_s3_object", writing.if_allowed)
    before("AWS::KinesisFirehose::DeliveryStream", delivery.check)
    before("AWS::Logs::SubscriptionFilter", subscriptions.check)
