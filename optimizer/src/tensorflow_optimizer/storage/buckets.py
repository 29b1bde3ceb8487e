"""Opens buckets. The packages that S3 needs are imported only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .storage_errors import StorageError

if TYPE_CHECKING:
    from .s3 import Bucket


def open_bucket(name: str) -> Bucket:
    """Return a bucket.

    Raises:
        StorageError: It cannot be reached, or the packages for S3 are not installed.
    """
    try:
        from .s3 import Bucket
    except ModuleNotFoundError as error:
        if error.name not in {"boto3", "botocore"}:
            raise
        raise StorageError(
            f"s3://{name} needs the package boto3: install tensorflow-optimizer with its extra `s3`"
        ) from error
    return Bucket(name)
