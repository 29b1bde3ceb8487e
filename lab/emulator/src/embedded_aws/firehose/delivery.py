"""Delivers records to S3: decompressed, with the messages of log events extracted, and compressed again."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

from ministack.services import firehose

from embedded_aws.firehose.log_messages import messages

if TYPE_CHECKING:
    from collections.abc import Callable

    Records = list[tuple[str, bytes]]

_PROCESSORS = {"Decompression", "CloudWatchLogProcessing", "Lambda"}
_COMPRESSIONS = {None, "UNCOMPRESSED", "GZIP"}


def check(properties: dict[str, Any]) -> None:
    """Refuses a stream that would be delivered otherwise than on AWS.

    Raises:
        ValueError: the sentence.
    """
    destination = properties.get("ExtendedS3DestinationConfiguration")
    if destination is None or properties.get("DeliveryStreamType", "DirectPut") != "DirectPut":
        raise ValueError("the emulator delivers direct puts to an extended S3 destination only")
    types = [processor["Type"] for processor in _processors(destination)]
    unknown = sorted(set(types) - _PROCESSORS)
    if unknown:
        raise ValueError(f"the emulator does not support the processors {', '.join(unknown)}")
    if "CloudWatchLogProcessing" in types and "Decompression" not in types[: types.index("CloudWatchLogProcessing")]:
        raise ValueError("CloudWatchLogProcessing must come after Decompression")
    if destination.get("CompressionFormat") not in _COMPRESSIONS:
        raise ValueError(f"the emulator does not support the compression {destination['CompressionFormat']}")


def processing(original: Callable[..., Records]) -> Callable[..., Records]:
    """Adds the processors for CloudWatch Logs to those of MiniStack."""

    def process(stream: Any, destination: dict[str, Any], records: Records, *rest: Any, **named: Any) -> Records:
        for processor in _processors(destination["config"]):
            if processor["Type"] == "Decompression":
                records = _decompressed(stream, destination, records)
            elif processor["Type"] == "CloudWatchLogProcessing":
                records = [(key, text) for key, data in records if (text := messages(data))]
        return original(stream, destination, records, *rest, **named)

    return process


def compressing(original: Callable[..., None]) -> Callable[..., None]:
    """Compresses the objects."""

    def deliver(stream: Any, destination: dict[str, Any], data: bytes, *rest: Any) -> None:
        is_compressed = destination["config"].get("CompressionFormat") == "GZIP"
        original(stream, destination, gzip.compress(data) if is_compressed else data, *rest)

    return deliver


def _decompressed(stream: Any, destination: dict[str, Any], records: Records) -> Records:
    found: Records = []
    for key, data in records:
        try:
            found.append((key, gzip.decompress(data)))
        except (OSError, EOFError, zlib.error):
            config = destination["config"]
            prefix = firehose._evaluate_prefix(
                config.get("ErrorOutputPrefix", ""), firehose._arrival_time(config), error_type="decompression-failed"
            )
            firehose._put_s3_object(
                firehose._s3_bucket_from_arn(config["BucketARN"]), f"{prefix}{stream['name']}-{key}", data
            )
    return found


def _processors(config: dict[str, Any]) -> list[dict[str, Any]]:
    processing_configuration = config.get("ProcessingConfiguration") or {}
    is_enabled = str(processing_configuration.get("Enabled", False)).lower() == "true"
    found: list[dict[str, Any]] = processing_configuration.get("Processors") or []
    return found if is_enabled else []
