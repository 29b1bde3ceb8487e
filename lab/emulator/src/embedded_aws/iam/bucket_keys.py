"""The KMS keys that a template's buckets encrypt with. Nothing is encrypted, but IAM is asked who may use them."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import get_account_id, get_region

_READS = ("s3:GetObject", "s3:GetObjectVersion")
_READ, _WRITE = "kms:Decrypt", "kms:GenerateDataKey"

#: ARNs of keys, by bucket.
_keys: dict[str, str] = {}


def remember(bucket: str, properties: dict[str, Any]) -> None:
    """Keeps the key that a bucket encrypts with by default; none where S3 has its own, or it is given by an alias.

    Args:
        bucket: its name.
        properties: of the template.
    """
    forget(bucket)
    for rule in (properties.get("BucketEncryption") or {}).get("ServerSideEncryptionConfiguration") or []:
        key = str((rule.get("ServerSideEncryptionByDefault") or {}).get("KMSMasterKeyID") or "")
        if key and "alias/" not in key:
            _keys[bucket] = (
                key if key.startswith("arn:") else f"arn:aws:kms:{get_region()}:{get_account_id()}:key/{key}"
            )


def forget(bucket: str) -> None:
    """Forgets the key of a bucket that is deleted."""
    _keys.pop(bucket, None)


def uses_of_key(action: str, resource: str, context: dict[str, Any]) -> tuple[str, list[str]]:
    """Returns the key that S3 uses for a request as who sent it, and by which actions; none where it uses none.

    Args:
        action: of S3.
        resource: ARN of the object.
        context: values of the request's condition keys.
    """
    key = _keys.get(resource.removeprefix("arn:aws:s3:::").partition("/")[0], "")
    if not key or action not in (*_READS, "s3:PutObject"):
        return key, []
    if action in _READS:
        return key, [_READ]
    # S3 decrypts the parts of a multipart upload to put them together.
    is_part = context.get("s3:ObjectCreationOperation") == "false"
    return key, [_WRITE, _READ] if is_part else [_WRITE]
