"""Completes the buckets of a template."""

from __future__ import annotations

from ministack.services import eventbridge, s3

from embedded_aws.cloudformation.wrapping import after, before_delete
from embedded_aws.patching import rely_on, replace
from embedded_aws.s3 import events, resources


def install() -> None:
    """Applies what MiniStack drops, and keeps buckets that hold objects."""
    rely_on(s3, "_buckets", "_bucket_tags", "_bucket_versioning", "_object_versions")
    replace(s3, "_fire_s3_event", events.remembering_version)
    replace(eventbridge, "_dispatch_event", events.with_version)
    after("AWS::S3::Bucket", resources.apply)
    before_delete("AWS::S3::Bucket", resources.check_empty)
