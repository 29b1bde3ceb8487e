"""Completes the buckets of a template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import eventbridge, s3

from embedded_aws.cloudformation.wrapping import after, before_delete
from embedded_aws.iam import bucket_keys
from embedded_aws.patching import rely_on, replace
from embedded_aws.s3 import age, events, listing, resources

if TYPE_CHECKING:
    from embedded_aws.settings import Settings


def install(settings: Settings) -> None:
    """Applies what MiniStack drops, keeps buckets that hold objects, dates objects, and completes lists."""
    rely_on(s3, "_buckets", "_bucket_tags", "_bucket_versioning", "_object_versions")
    replace(s3, "_fire_s3_event", events.remembering_version)
    replace(s3, "_collect_list_entries", listing.complete_without_keys)
    replace(eventbridge, "_dispatch_event", events.with_version)
    if settings.object_age:
        replace(s3, "now_iso", age.older_by(settings.object_age))
    after("AWS::S3::Bucket", resources.apply)
    after("AWS::S3::Bucket", bucket_keys.remember)
    before_delete("AWS::S3::Bucket", bucket_keys.forget)
    before_delete("AWS::S3::Bucket", resources.check_empty)
