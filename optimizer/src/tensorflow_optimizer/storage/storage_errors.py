"""Translates S3's errors into sentences with a way out."""

from __future__ import annotations

from ..errors import OptimizerError

_CREDENTIALS = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
_WRONG_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
_DENIED = {"AccessDenied", "403", "Forbidden", "AllAccessDisabled"}
_MISSING = {"NoSuchKey", "404", "NotFound"}
_TRANSIENT = {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "500", "503"}

#: Permissions that a role needs, by action.
_PERMISSIONS = {
    "read": ("s3:GetObject (s3:GetObjectVersion for a given version)", "kms:Decrypt"),
    "list": ("s3:ListBucket for this prefix", "kms:Decrypt"),
    "write": ("s3:PutObject", "kms:GenerateDataKey and kms:Decrypt"),
}


class StorageError(OptimizerError):
    """An S3 request failed."""

    def __init__(self, sentence: str, *, missing: bool = False, transient: bool = False) -> None:
        super().__init__(sentence)
        self.missing = missing
        """The object or bucket does not exist."""
        self.transient = transient
        """Trying again later may help; the request itself was right."""


class ObjectExistsError(StorageError):
    """Another object, with other content, already has the key."""


def explain(action: str, where: str, code: str, message: str) -> StorageError:  # noqa: PLR0911 - a table of cases
    """Describe an error code of S3 in one sentence.

    Args:
        action: `read`, `list` or `write`.
        where: The `s3://` address, with the version if one was requested.
        code: S3's error code, or the HTTP status if the response had no body.
        message: S3's message.
    """
    permission, key_permission = _PERMISSIONS[action]
    if code == "NoSuchBucket":
        return StorageError(f"the bucket of {where} does not exist: check its name and the account", missing=True)
    if code in _MISSING:
        return StorageError(
            f"{where} does not exist: check the key, and that the upload to it has finished", missing=True
        )
    if code == "NoSuchVersion" or (code == "InvalidArgument" and "version" in message.lower()):
        return StorageError(f"{where} does not exist: the bucket has no such version of this object", missing=True)
    if code == "MethodNotAllowed" and action == "read":
        return StorageError(f"{where} is a delete marker: name the version before it", missing=True)
    if code.startswith("KMS.") or (code in _DENIED and "kms" in message.lower()):
        return StorageError(
            f"cannot {action} {where}: its KMS key refuses this role ({message.strip() or code}); "
            f"allow the role {key_permission} on the key, in its policy and in the key's"
        )
    if code in _DENIED:
        # Without permission to list, S3 denies access to missing objects.
        perhaps = ", or the object does not exist" if action == "read" else ""
        return StorageError(
            f"no permission to {action} {where}{perhaps}: check the address, and allow the role {permission}, "
            f"and {key_permission} where the bucket is encrypted with a KMS key"
        )
    if code == "InvalidObjectState":
        return StorageError(f"{where} is archived (Glacier): restore it first, or copy it to the Standard class")
    if code in _CREDENTIALS:
        return StorageError(f"cannot {action} {where}: the AWS credentials are not valid or have expired ({code})")
    if code in _WRONG_REGION:
        return StorageError(f"cannot {action} {where}: the bucket is in another Region; set AWS_REGION to its Region")
    return StorageError(
        f"cannot {action} {where}: S3 answers {code}: {message.strip() or 'no message'}", transient=code in _TRANSIENT
    )
