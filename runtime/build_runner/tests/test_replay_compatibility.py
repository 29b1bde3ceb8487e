"""Needs of the Lambda function of `replay` for a service or a fleet: the model's compatibility, and its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from model_builds.checks.compatibility import check_compatibility
from published_models import (
    BUCKET,
    NATIVE,
    NEEDS,
    PREFIX,
    UNMEASURED,
    compatibility_properties,
    misfit,
    publish,
    sized,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REPLAY = {
    "endpoint": "function",
    "replayOf": "service",
    "format": "litert",
    "architecture": "x86_64",
    "memoryMebibytes": 10240,
    "timeoutSeconds": 180,
    "runtime": "native",
    "runtimes": {"native": NATIVE | {"layerBytes": 300}},
    "partBytes": {"handler": 100},
}


@pytest.mark.parametrize(("peak", "memory"), [(40.0, "1769"), (2000.0, "2304"), (8890.0, "10240"), (8904.0, "10240")])
def test_a_function_for_replay_gets_the_memory_that_its_model_needs(s3: S3Client, peak: float, memory: str) -> None:
    record = publish(s3, requirements=NEEDS | {"peakMemoryMebibytes": peak})

    assert check_compatibility(compatibility_properties(record, REPLAY))["FunctionMemory"] == memory


def test_a_function_for_replay_of_a_model_without_a_measurement_gets_what_its_size_lets_expect(s3: S3Client) -> None:
    small, large = (
        publish(s3, version, requirements=UNMEASURED, sizeBytes=size << 20) for version, size in enumerate((1, 1000), 1)
    )

    def memory(record: dict[str, str]) -> str:
        return check_compatibility(compatibility_properties(record, REPLAY))["FunctionMemory"]

    assert [memory(small), memory(large)] == ["1769", "2112"]


@pytest.mark.fault
@pytest.mark.parametrize("endpoint", ["service", "fleet"])
def test_a_model_that_does_not_fit_into_lambda_is_refused_because_of_replay(s3: S3Client, endpoint: str) -> None:
    record = publish(
        s3,
        requirements=NEEDS | {"peakMemoryMebibytes": 9000.0},
        files=sized(262_144_000),
        loadMilliseconds=100_000.0,
        latencyMilliseconds=90_000.0,
    )

    assert misfit(record, **REPLAY | {"replayOf": endpoint}) == (
        f"the model s3://{BUCKET}/{PREFIX}/litert/1/manifest.json does not fit the Lambda function in which replay "
        f"asks it before the {endpoint} changes: it makes 262144400 bytes of code and layers (handler 100, native "
        "layer 300, model 262144000), unzipped, and Lambda allows 262144000; it used 9000 MiB to answer one request, "
        "and 10240 MiB of memory are too few; its first answer takes about 190.0 s with this memory, and the timeout "
        "is 180 s. Leave replay out, or make the model smaller"
    )
