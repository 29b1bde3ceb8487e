"""Functions and layers of a template: what AWS would refuse, and what must end with them."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc, s3
from ministack.services.cloudformation import provisioners

from embedded_aws.awslambda.archive import UNZIPPED_LIMIT, unzipped_size
from embedded_aws.awslambda.versions import other_code, same_as_published

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.awslambda.pool import Pool

_layer_content: ContextVar[dict[str, str] | None] = ContextVar("layer_content", default=None)


def _object(content: dict[str, str]) -> bytes:
    mode = content.get("S3ObjectStorageMode", "COPY")
    if mode != "COPY":
        raise ValueError(
            f"the emulator does not support S3ObjectStorageMode {mode}: Lambda keeps a copy here, so use COPY or leave "
            "it out; whether Lambda may go on reading the object is not tried"
        )
    bucket, key, version = content["S3Bucket"], content["S3Key"], content.get("S3ObjectVersion")
    data = s3._get_object_data(bucket, key, version_id=version)
    if data is None:
        place = f"s3://{bucket}/{key}" + (f" version {version}" if version else "")
        message = "The specified version does not exist." if version else "The specified key does not exist."
        raise ValueError(
            f"Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: {message} ({place})"
        )
    return bytes(data)


def check_function(properties: dict[str, Any]) -> None:
    """Refuses functions whose code or layers are missing, unreadable or too large.

    Raises:
        ValueError: with AWS's sentence.
    """
    code = properties.get("Code") or {}
    if code.get("ImageUri"):
        raise ValueError("the emulator does not support functions from container images: it has no containers")
    archive = _object(code) if code.get("S3Key") else b""
    layers, error = lambda_svc._normalize_layer_attachments(properties.get("Layers"))
    if error:
        raise ValueError(f"{error[2]!r}")
    if archive and lambda_svc._reject_unreadable_zip(archive):
        raise ValueError("Could not unzip uploaded file. Please check your file, then try to upload again.")
    size = (unzipped_size(archive) if archive else 0) + sum(
        lambda_svc._layer_unzipped_size(layer) for layer in layers or []
    )
    if size > UNZIPPED_LIMIT:
        raise ValueError(
            f"Function code combined with layers exceeds the maximum allowed size of {UNZIPPED_LIMIT} bytes. "
            f"The actual size is {size} bytes.",
        )


def check_version(properties: dict[str, Any]) -> None:
    """Refuses a version of a function that has not changed since the last one.

    Raises:
        ValueError: with AWS's sentence.
    """
    function = provisioners._lambda_function_for_cfn_ref(properties.get("FunctionName", ""))[0]
    wrong = other_code(function, properties) if function else None
    if wrong:
        raise ValueError(wrong)
    number = same_as_published(function) if function else None
    if number:
        raise ValueError(
            f"A version for this Lambda function exists ( {number} ). Modify the function to create a new version."
        )


def named_layer(create: Callable[..., Any]) -> Callable[..., Any]:
    """Names a layer by its logical id where the template gives it no name.

    Layers belong to the account: stacks that use the same name count their versions together.
    """

    def named(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        return create(logical_id, {**properties, "LayerName": properties.get("LayerName") or logical_id}, stack)

    return named


def pinned_layer(create: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a layer from exactly the object version that the template names; MiniStack takes the newest."""

    def pinned(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        content = properties.get("Content") or {}
        archive = _object(content)
        if lambda_svc._reject_unreadable_zip(archive):
            raise ValueError("Could not unzip uploaded file. Please check your file, then try to upload again.")
        if unzipped_size(archive) > UNZIPPED_LIMIT:
            raise ValueError(f"Unzipped size must be smaller than {UNZIPPED_LIMIT} bytes")
        token = _layer_content.set(content)
        try:
            return create(logical_id, properties, stack)
        finally:
            _layer_content.reset(token)

    return pinned


def pinned_object(original: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
    """Reads the object version of the layer that is being made."""

    def pinned(bucket: str, key: str, version_id: str | None = None) -> bytes | None:
        content = _layer_content.get()
        if content and version_id is None and (bucket, key) == (content["S3Bucket"], content["S3Key"]):
            version_id = content.get("S3ObjectVersion")
        return original(bucket, key, version_id=version_id)

    return pinned


def forget_function(pool: Pool, physical_id: str) -> None:
    """Ends the workers of a deleted function."""
    pool.retire(physical_id, None, get_account_id(), get_region())


def forget_version(pool: Pool, physical_id: str) -> None:
    """Ends the workers of a deleted version."""
    name, version = physical_id.split(":")[6:8]
    pool.retire(name, version, get_account_id(), get_region())
