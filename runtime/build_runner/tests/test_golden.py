"""A published version answers the golden requests as the published model did."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from model_builds.checks import version_check
from model_builds.errors import ModelError
from published_models import BUCKET
from test_version_check import ASKED, METADATA, answers, described, event, function, http

if TYPE_CHECKING:
    from botocore.stub import Stubber
    from mypy_boto3_s3 import S3Client

__all__ = ["function"]

KEY = "digits-1a2b3c4d/golden/7.json"
GOLDEN: dict[str, Any] = {
    "schemaVersion": 1,
    "model": "digits",
    "signatureName": "serving_default",
    "relativeTolerance": 0.01,
    "requests": [
        {"request": {"instances": [{"image": number, "flip": False}]}, "response": {"predictions": [scores]}}
        for number, scores in enumerate([[0.1, 0.9], [2.0, 0.5], [0.3, 0.7]])
    ],
}
REPLAYED = ASKED | {"GoldenKey": KEY, "GoldenSha256": hashlib.sha256(json.dumps(GOLDEN).encode()).hexdigest()}


def publish(s3: S3Client, document: dict[str, Any] = GOLDEN) -> dict[str, Any]:
    """Publish golden requests, and return the check of a version that has them."""
    content = json.dumps(document).encode()
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=content)
    return ASKED | {"GoldenKey": KEY, "GoldenSha256": hashlib.sha256(content).hexdigest()}


def asked(function: Stubber, number: int, answer: Any) -> None:
    body = GOLDEN["requests"][number]["request"]
    answers(function, event("POST", "/v1/models/digits:predict", body), answer)


def test_every_golden_request_is_sent_and_no_request_of_zeros(
    function: Stubber, s3: S3Client, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(s3)
    described(function)
    for number, request in enumerate(GOLDEN["requests"]):
        asked(function, number, http(200, request["response"] | {"classes": [["one"]]}))
    version_check.check_version(REPLAYED)
    assert "answered 3 golden requests as expected" in capsys.readouterr().out


def test_a_signature_without_golden_requests_is_sent_zeros(function: Stubber, s3: S3Client) -> None:
    publish(s3)
    metadata = copy.deepcopy(METADATA)
    metadata["metadata"]["signature_def"]["signature_def"]["other"] = {
        "inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}]}}},
        "outputs": {"y": {}},
    }
    answers(function, event("GET", "/v1/models/digits/metadata"), http(200, metadata))
    for number, request in enumerate(GOLDEN["requests"]):
        asked(function, number, http(200, request["response"]))
    body = {"signature_name": "other", "inputs": {"x": [0]}}
    answers(function, event("POST", "/v1/models/digits:predict", body), http(200, {"outputs": [1.0]}))
    version_check.check_version(REPLAYED)


@pytest.mark.fault
def test_a_different_answer_names_request_output_position_and_both_numbers(function: Stubber, s3: S3Client) -> None:
    publish(s3)
    described(function)
    asked(function, 0, http(200, {"predictions": [[0.115, 0.9]]}))  # within a hundredth of the greatest expected number
    asked(function, 1, http(200, {"predictions": [[2.0, 0.53]]}))
    with pytest.raises(ModelError) as failure:
        version_check.check_version(REPLAYED)
    assert str(failure.value) == (
        "version 7 of the function answers golden request 2 of 3 differently from the published model: output 'scores' "
        "at [1] must be 0.5 within 0.02, got 0.53: callers keep the version that they had; the function's log has more"
    )


def test_a_golden_request_that_is_refused_ends_the_deployment(function: Stubber, s3: S3Client) -> None:
    publish(s3)
    described(function)
    asked(function, 0, http(400, {"error": "no such input"}))
    with pytest.raises(ModelError, match=r"does not answer \(400, no such input\)"):
        version_check.check_version(REPLAYED)


def test_a_version_that_lacks_their_signature_serves_another_model(function: Stubber, s3: S3Client) -> None:
    other = publish(s3, GOLDEN | {"signatureName": "score"})
    described(function)
    with pytest.raises(ModelError, match="has no signature 'score', which its golden requests name"):
        version_check.check_version(other)


@pytest.mark.fault
@pytest.mark.parametrize(
    "document", [None, GOLDEN | {"relativeTolerance": 1e9, "requests": []}], ids=["absent", "accepts everything"]
)
def test_other_golden_requests_end_the_deployment(
    function: Stubber, s3: S3Client, document: dict[str, Any] | None
) -> None:
    if document:
        publish(s3, document)
    described(function)
    with pytest.raises(ModelError, match=r"golden/7.json does not hold the golden requests with the SHA-256 \w+, "):
        version_check.check_version(REPLAYED)


def test_golden_requests_of_another_schema_end_the_deployment(function: Stubber, s3: S3Client) -> None:
    newer = publish(s3, GOLDEN | {"schemaVersion": 2})
    described(function)
    with pytest.raises(ModelError, match=r"golden/7.json holds no golden requests .*: publish the model again"):
        version_check.check_version(newer)


def test_a_slow_function_gets_requests_no_longer_than_a_deployment_may_take(
    function: Stubber, s3: S3Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(s3)
    described(function)
    now, invoke = [0.0], version_check._invoke

    def slowly(*arguments: Any) -> Any:
        now[0] += 40
        return invoke(*arguments)

    # Others read the clock as well: it goes on by what the function takes, however often it is read.
    monkeypatch.setattr(version_check.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(version_check, "_invoke", slowly)
    for number in (0, 1):
        asked(function, number, http(200, GOLDEN["requests"][number]["response"]))
    version_check.check_version(REPLAYED)
    assert "answered 2 of 3 golden requests as expected; there is no time for more" in capsys.readouterr().out


def test_a_hook_gets_no_golden_requests(function: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    described(function)
    version_check.check_version(REPLAYED | {"Hooked": "true"})
    assert "that the function has started is all that is checked" in capsys.readouterr().out
