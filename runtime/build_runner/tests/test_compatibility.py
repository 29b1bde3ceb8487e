from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from index import is_complete, on_event
from model_builds.checks.compatibility import check_compatibility
from model_builds.errors import ModelError
from published_models import (
    BUCKET,
    GOLDEN_SHA256,
    NATIVE,
    NATIVE_LAYER,
    NEEDS,
    NUMPY,
    PREFIX,
    UNMEASURED,
    build_event,
    compatibility_properties,
    layer_content,
    manifest,
    misfit,
    offer,
    publish,
    sized,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_returns_the_published_values_with_the_layer_of_the_proved_runtime(s3: S3Client) -> None:
    record = publish(s3)

    data = check_compatibility(compatibility_properties(record))

    assert data == record | {
        "RuntimeLayerArn": NATIVE_LAYER,
        "FunctionRuntime": "provided.al2023",
        "LayerSha256": hashlib.sha256(layer_content(1)).hexdigest(),
        "GoldenSha256": GOLDEN_SHA256,
        "MemoryRequest": "",
    }


def test_digests_values_together_with_the_model(s3: S3Client) -> None:
    def digests(record: dict[str, str], **values: Any) -> list[str]:
        data = check_compatibility(compatibility_properties(record) | {"Digests": values})
        return [data[name] for name in values]

    record = publish(s3)
    first, same, other = digests(
        record, A=["eu-central-1", "1.2"], B=["eu-central-1", "1.2"], C=["eu-central-1", "1.3"]
    )

    assert first == same
    assert first != other
    assert re.fullmatch("[0-9a-f]{8}", first)


def test_digests_change_with_the_runtime_and_its_layer(s3: S3Client) -> None:
    record = publish(s3)

    def digest(**changes: Any) -> str:
        return check_compatibility(compatibility_properties(record, offer(**changes)) | {"Digests": {"A": []}})["A"]

    proved, other = digest(), digest(runtime="numpy")
    newer = digest(runtimes={"native": NATIVE | {"layerArn": NATIVE_LAYER + "0"}, "numpy": NUMPY})

    assert len({proved, other, newer}) == 3
    assert digest(runtime="native") == proved


def test_answers_at_once_through_the_handlers(s3: S3Client) -> None:
    record = publish(s3)
    event = build_event() | {"ResourceProperties": compatibility_properties(record)}

    answer = on_event(event, None)

    assert answer["Data"]["RuntimeLayerArn"] == NATIVE_LAYER
    assert is_complete(event | answer, None) == {"IsComplete": True}


@pytest.mark.parametrize(
    ("proved", "changes", "runtime", "offered"),
    [
        ("numpy", {}, "numpy", NUMPY),
        (None, {}, "numpy", NUMPY),
        ("native", {"runtime": "numpy"}, "numpy", NUMPY),
        ("native", {"runtimes": {"numpy": NUMPY}}, "numpy", NUMPY),
        ("native", {"runtime": None}, "native", NATIVE),
        ("native", {"runtime": "native", "runtimes": {"native": NATIVE}}, "native", NATIVE),
    ],
)
def test_chooses_the_runtime_with_its_layer_and_lambdas_name_for_it(
    s3: S3Client, proved: str | None, changes: dict[str, Any], runtime: str, offered: dict[str, str]
) -> None:
    record = publish(s3, requirements=NEEDS | {"runtime": proved})

    data = check_compatibility(compatibility_properties(record, offer(**changes)))

    assert data["Runtime"] == runtime
    assert (data["RuntimeLayerArn"], data["FunctionRuntime"]) == (offered["layerArn"], offered["functionRuntime"])


def test_refuses_native_where_the_job_could_not_prove_it(s3: S3Client) -> None:
    record = publish(s3, requirements=NEEDS | {"runtime": "numpy", "nativeRefusal": "an output has a dynamic shape"})

    assert "an output has a dynamic shape" in misfit(record, runtime="native")


def test_refuses_images_in_a_function_that_does_not_decode_them(s3: S3Client) -> None:
    inputs = {"image": {"dtype": "float32", "shape": [-1, 4, 4, 3], "image": {"method": "bilinear"}}}
    record = publish(s3, signatures={"serving_default": {"inputs": inputs}})

    assert check_compatibility(compatibility_properties(record))["Runtime"] == "native"
    for changes in ({"runtime": "numpy"}, {"runtimes": {"numpy": NUMPY}}):
        sentence = misfit(record, **changes)
        assert (
            "it takes images, which only the native runtime decodes, and the numpy runtime serves it here" in sentence
        )


@pytest.mark.parametrize(
    ("proved", "changes", "missing"),
    [
        ("numpy", {"runtimes": {"native": NATIVE}}, "numpy"),
        ("native", {"runtime": "native", "runtimes": {"numpy": NUMPY}}, "native"),
    ],
)
def test_refuses_a_runtime_that_the_function_does_not_offer(
    s3: S3Client, proved: str, changes: dict[str, Any], missing: str
) -> None:
    record = publish(s3, requirements=NEEDS | {"runtime": proved})

    assert f"needs the {missing} runtime, which the function does not offer" in misfit(record, **changes)


def test_accepts_a_model_that_just_fits_with_its_functions_code_and_layers(s3: S3Client) -> None:
    sizes = {"native": NATIVE | {"layerBytes": 300}, "numpy": NUMPY | {"layerBytes": 90_000_000}}
    parts = {"partBytes": {"handler": 100, "hook layer": 200}, "runtimes": sizes}
    record = publish(s3, files=sized(262_144_000 - 600))

    assert check_compatibility(compatibility_properties(record, offer(**parts)))["Runtime"] == "native"


def test_refuses_a_model_that_is_a_byte_too_large_and_names_the_parts(s3: S3Client) -> None:
    parts = {
        "partBytes": {"handler": 100, "hook layer": 200},
        "runtimes": {"native": NATIVE | {"layerBytes": 300}},
    }
    message = misfit(publish(s3, files=sized(262_144_000 - 599)), **parts)

    assert (
        "it makes 262144001 bytes of code and layers (handler 100, hook layer 200, native layer 300, model 262143401), "
        "unzipped, and Lambda allows 262144000" in message
    )
    assert "ModelService or ModelFleet" in message


def test_refuses_a_model_that_is_too_large_even_if_nothing_else_is_known(s3: S3Client) -> None:
    assert "(native layer 0, model 262144001)" in misfit(publish(s3, files=sized(262_144_001)))


def test_refuses_another_format(s3: S3Client) -> None:
    message = misfit(publish(s3), format="saved_model", endpoint="service")

    assert "published as litert, and saved_model is served here" in message


def test_refuses_another_architecture(s3: S3Client) -> None:
    assert "proved on x86_64, and arm64 serves it" in misfit(publish(s3), architecture="arm64")


@pytest.mark.parametrize(("memory", "fits"), [(230, True), (229, False), (128, False)])
def test_refuses_memory_that_is_too_small_and_says_how_much_is_needed(s3: S3Client, memory: int, fits: bool) -> None:
    record = publish(s3, requirements=NEEDS | {"peakMemoryMebibytes": 200.0})

    if fits:
        assert check_compatibility(compatibility_properties(record, offer(memoryMebibytes=memory)))["Version"] == "1"
    else:
        assert "set at least 256 MiB" in misfit(record, memoryMebibytes=memory)


def test_refuses_a_timeout_that_is_too_short_for_the_processor_share_of_its_memory(s3: S3Client) -> None:
    record = publish(s3, latencyMilliseconds=1500.0, loadMilliseconds=500.0)

    assert check_compatibility(compatibility_properties(record, offer(timeoutSeconds=2)))["Version"] == "1"
    assert "takes about 13.8 s with this memory, and the timeout is 3 s" in misfit(
        record, timeoutSeconds=3, memoryMebibytes=256
    )


def test_refuses_a_processor_without_the_needed_features(s3: S3Client) -> None:
    record = publish(s3, requirements=NEEDS | {"cpuFeatures": ["avx2", "avx512_bf16"]})

    assert "a processor with avx512_bf16" in misfit(record, cpuFeatures=["avx2"])
    assert (
        check_compatibility(compatibility_properties(record, offer(cpuFeatures=["avx512_bf16", "avx2"])))["Version"]
        == "1"
    )


@pytest.mark.parametrize("feature", ["bf16", "avx512_bf16", "amx_bf16"])
def test_accepts_bfloat16_in_any_of_its_forms(s3: S3Client, feature: str) -> None:
    record = publish(s3, requirements=NEEDS | {"cpuFeatures": ["bf16"]})

    assert check_compatibility(compatibility_properties(record, offer(cpuFeatures=["avx2", feature])))["Version"] == "1"
    assert "a processor with bf16" in misfit(record, cpuFeatures=["avx2"])


def test_names_all_misfits_in_one_sentence(s3: S3Client) -> None:
    record = publish(s3, requirements=NEEDS | {"peakMemoryMebibytes": 400.0, "runtime": "numpy"})

    message = misfit(record, architecture="arm64", memoryMebibytes=128, runtime="native")

    assert message.startswith(f"the model s3://{BUCKET}/{PREFIX}/litert/1/manifest.json does not fit its function: ")
    for part in ("arm64", "native runtime is asked for", "128 MiB"):
        assert part in message


def test_returns_the_memory_request_of_pods(s3: S3Client) -> None:
    record = publish(s3, requirements=NEEDS | {"peakMemoryMebibytes": 500.0})

    offered = {"endpoint": "service", "format": "litert", "architecture": "x86_64"}
    assert check_compatibility(compatibility_properties(record, offered))["MemoryRequest"] == "640Mi"


SERVICE = {"endpoint": "service", "format": "litert", "architecture": "x86_64"}


def test_estimates_a_servers_memory_if_nothing_was_measured(s3: S3Client) -> None:
    record = publish(s3, requirements=UNMEASURED, sizeBytes=100 << 20)

    assert check_compatibility(compatibility_properties(record, SERVICE))["MemoryRequest"] == "320Mi"


def test_requests_memory_for_each_copy_of_the_model(s3: S3Client) -> None:
    measured = publish(s3, requirements=NEEDS | {"peakMemoryMebibytes": 30.0})
    estimated = publish(s3, 2, requirements=UNMEASURED, sizeBytes=100 << 20)

    def memory(record: dict[str, str], copies: int) -> str:
        return check_compatibility(compatibility_properties(record, SERVICE | {"copies": copies}))["MemoryRequest"]

    assert [memory(measured, copies) for copies in (1, 4)] == ["64Mi", "192Mi"]
    assert memory(estimated, 2) == "512Mi"


def test_a_saved_model_s_server_needs_more_than_its_model(s3: S3Client) -> None:
    record = publish(s3, requirements=UNMEASURED, sizeBytes=100 << 20, format="saved_model")

    offered = SERVICE | {"format": "saved_model"}
    assert check_compatibility(compatibility_properties(record, offered))["MemoryRequest"] == "768Mi"


def test_refuses_pods_a_model_whose_files_they_cannot_verify(s3: S3Client) -> None:
    files = [file for file in manifest()["files"] if file["path"].startswith("layer.zip")]
    record = publish(s3, record=False, files=files)

    with pytest.raises(ModelError, match="has no SHA256SUMS, so pods cannot verify its files: publish it again"):
        check_compatibility(compatibility_properties(record, SERVICE))


def test_refuses_a_model_that_is_larger_than_the_server_s_memory(s3: S3Client) -> None:
    record = publish(s3, requirements=UNMEASURED, sizeBytes=100 << 20)

    with pytest.raises(ModelError, match="it has 100 MiB, and 64 MiB of memory are too few: set at least 320 MiB"):
        check_compatibility(compatibility_properties(record, SERVICE | {"memoryMebibytes": 64}))
    assert (
        check_compatibility(compatibility_properties(record, SERVICE | {"memoryMebibytes": 1024}))["MemoryRequest"]
        == "320Mi"
    )


def test_refuses_a_manifest_other_than_the_expected_one(s3: S3Client) -> None:
    record = publish(s3)

    with pytest.raises(ModelError, match=f"{'0' * 64} was asked for"):
        check_compatibility(compatibility_properties(record, ManifestSha256="0" * 64))


def test_accepts_an_import_without_digest(s3: S3Client) -> None:
    assert check_compatibility(compatibility_properties(publish(s3), ManifestSha256=""))["Version"] == "1"


def test_refuses_a_missing_manifest(s3: S3Client) -> None:
    record = publish(s3)
    s3.delete_object(Bucket=BUCKET, Key=record["ManifestKey"])

    with pytest.raises(ModelError, match=f"there is no manifest s3://{BUCKET}/{PREFIX}/litert/1/manifest.json"):
        check_compatibility(compatibility_properties(record))


def test_refuses_a_manifest_of_another_schema(s3: S3Client) -> None:
    with pytest.raises(ModelError, match="schema version 2, and this library reads 1"):
        check_compatibility(compatibility_properties(publish(s3, schemaVersion=2)))


@pytest.mark.parametrize("content", [b"nonsense", b"[]", b"{}"])
def test_refuses_a_file_that_is_not_a_manifest(s3: S3Client, content: bytes) -> None:
    s3.put_object(Bucket=BUCKET, Key="x/litert/1/manifest.json", Body=content)

    with pytest.raises(ModelError, match="is not the manifest of a published model"):
        check_compatibility(compatibility_properties({"ManifestKey": "x/litert/1/manifest.json", "ManifestSha256": ""}))


def test_follows_a_pointer(s3: S3Client) -> None:
    publish(s3, version=1)
    record = publish(s3, version=2)
    pointer = {"manifestKey": record["ManifestKey"], "manifestSha256": record["ManifestSha256"]}

    data = check_compatibility({"Bucket": BUCKET, "Pointer": json.dumps(pointer), "Offer": json.dumps(offer())})

    assert data["Version"] == "2"


@pytest.mark.parametrize("pointer", ["", "/models/digits", "3", '{"manifestKey": "x"}'])
def test_refuses_a_parameter_that_is_not_a_pointer(s3: S3Client, pointer: str) -> None:
    with pytest.raises(ModelError, match="the parameter that should point at a model holds"):
        check_compatibility({"Bucket": BUCKET, "Pointer": pointer, "Offer": json.dumps(offer())})


def test_serves_a_copy_whose_object_versions_are_its_own(s3: S3Client) -> None:
    record = publish(s3)
    moved = publish(s3, prefix="copy", record=False)
    stale = moved | {"LayerObjectVersion": record["LayerObjectVersion"]}
    s3.put_object(Bucket=BUCKET, Key=f"copy/keys/{'x'}/1.json", Body=json.dumps(stale).encode())

    data = check_compatibility(compatibility_properties(moved))

    assert data["LayerObjectVersion"] == moved["LayerObjectVersion"]
    assert data["LayerKey"] == "copy/litert/1/layer.zip"
    assert data["GoldenKey"] == "copy/golden/1.json"


def test_refuses_a_copy_with_another_layer(s3: S3Client) -> None:
    moved = publish(s3, prefix="copy", record=False)
    s3.put_object(Bucket=BUCKET, Key=moved["LayerKey"], Body=b"x" * len(layer_content(1)))

    with pytest.raises(ModelError, match=r"layer\.zip has the SHA-256 .* and the manifest says"):
        check_compatibility(compatibility_properties(moved))


def test_refuses_a_bucket_that_keeps_no_versions() -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    record = publish(client)

    with pytest.raises(ModelError, match="keeps no versions"):
        check_compatibility(compatibility_properties(record))
    # A fleet reads the files by their digests, and needs no versions of objects.
    fleet = {"endpoint": "fleet", "format": "litert", "architecture": "x86_64"}
    assert check_compatibility(compatibility_properties(record, fleet))["LayerKey"] == record["LayerKey"]


@pytest.mark.parametrize("endpoint", ["fleet", "service"])
def test_the_litert_server_serves_what_the_native_runtime_is_proved_for(s3: S3Client, endpoint: str) -> None:
    record = publish(s3)
    offered = {"endpoint": endpoint, "format": "litert", "architecture": "x86_64"}

    data = check_compatibility(compatibility_properties(record, offered))

    assert (data["Version"], data["LayerKey"]) == ("1", record["LayerKey"])
    assert data["LayerSha256"] == hashlib.sha256(layer_content(1)).hexdigest()


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        ({"runtime": "numpy", "nativeRefusal": "it resets its state"}, "(it resets its state)"),
        ({"runtime": "numpy"}, "(the optimization could not prove it)"),
        ({}, "(the optimization could not prove it)"),
    ],
)
@pytest.mark.parametrize("endpoint", ["fleet", "service"])
def test_a_model_that_needs_python_does_not_fit_the_litert_server(
    s3: S3Client, endpoint: str, needs: dict[str, Any], reason: str
) -> None:
    record = publish(s3, requirements=needs)

    message = misfit(record, endpoint=endpoint, memoryMebibytes=None, timeoutSeconds=None, runtimes={})

    assert f"does not fit its {endpoint}: the LiteRT server cannot serve it {reason}" in message
    assert "ModelFunction" in message
