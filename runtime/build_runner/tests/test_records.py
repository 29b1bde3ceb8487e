from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from model_builds.errors import ModelError
from model_builds.store import Store
from model_builds.versions.published import _record_of_copy, _stated
from model_builds.versions.records import ATTRIBUTES, find_record, find_served, find_version, to_data
from published_models import BUCKET, KEY, PREFIX, publish

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def found(key: str = KEY) -> str | None:
    record = find_record(Store(BUCKET), PREFIX, key)
    return record and record["Version"]


def test_finds_nothing_for_inputs_that_were_never_built(s3: S3Client) -> None:
    publish(s3, version=1, key="another")

    assert found() is None


def test_takes_the_lowest_version_as_a_number(s3: S3Client) -> None:
    for version in (10, 9, 2):
        publish(s3, version=version)

    assert found() == "2"


@pytest.mark.fault
@pytest.mark.parametrize("mark", [None, "", "FAILED", "succeeded", "SUCCEEDED ", True, 1])
def test_skips_a_version_without_the_mark_of_success(s3: S3Client, mark: Any) -> None:
    record = unmarked(s3, 1, mark)

    assert found() is None
    assert (find_version(Store(BUCKET), PREFIX, KEY, 1) is None) == bool(mark)
    assert (find_served(Store(BUCKET), PREFIX, KEY) is None) == bool(mark)

    assert record["Version"] == "1"
    publish(s3, version=2)
    assert found() == "2"


def test_what_a_stack_serves_is_found_with_the_mark_first(s3: S3Client) -> None:
    unmarked(s3, 1)
    publish(s3, version=2)

    served = find_served(Store(BUCKET), PREFIX, KEY)

    assert served is not None
    assert served["Version"] == "2"


def unmarked(s3: S3Client, version: int, mark: Any = None) -> dict[str, str]:
    """Publish a version whose record has no mark, or another one."""
    record = publish(s3, version)
    document: dict[str, Any] = {name: value for name, value in record.items() if name != "Status"}
    document |= {} if mark is None else {"Status": mark}
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/keys/{KEY}/{version}.json", Body=json.dumps(document).encode())
    return record


@pytest.mark.parametrize("lost", ["manifest.json", "layer.zip", "golden"])
def test_skips_a_version_whose_files_are_gone(s3: S3Client, lost: str) -> None:
    publish(s3, version=1)
    publish(s3, version=2)
    key = f"{PREFIX}/golden/1.json" if lost == "golden" else f"{PREFIX}/litert/1/{lost}"
    s3.delete_object(Bucket=BUCKET, Key=key)

    assert found() == "2"


@pytest.mark.fault
def test_skips_a_version_with_another_manifest(s3: S3Client) -> None:
    record = publish(s3, version=1)
    s3.put_object(Bucket=BUCKET, Key=record["ManifestKey"], Body=b"{}")

    assert found() is None


def test_skips_a_record_of_another_models_version(s3: S3Client) -> None:
    record = publish(s3, prefix="other")
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/keys/{KEY}/1.json", Body=json.dumps(record).encode())

    assert found() is None


def test_skips_a_version_with_a_file_of_another_size(s3: S3Client) -> None:
    record = publish(s3, version=1)
    s3.put_object(Bucket=BUCKET, Key=record["LayerKey"], Body=b"short")

    assert found() is None


@pytest.mark.fault
def test_skips_a_version_whose_layer_lost_the_object_version(s3: S3Client) -> None:
    record = publish(s3, version=1)
    content = s3.get_object(Bucket=BUCKET, Key=record["LayerKey"])["Body"].read()
    s3.put_object(Bucket=BUCKET, Key=record["LayerKey"], Body=content)
    s3.delete_object(Bucket=BUCKET, Key=record["LayerKey"], VersionId=record["LayerObjectVersion"])

    assert found() is None


@pytest.mark.parametrize("content", [b"not json", b"[]", b"{}"])
def test_skips_an_invalid_record(s3: S3Client, content: bytes) -> None:
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/keys/{KEY}/1.json", Body=content)
    publish(s3, version=2)

    assert found() == "2"


def test_does_not_mistake_job_json_for_a_record(s3: S3Client) -> None:
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/keys/{KEY}/job.json", Body=b"{}")

    assert found() is None


def test_returns_every_attribute_as_text() -> None:
    data = to_data({"Version": 3, "Summary": None})

    assert set(data) == set(ATTRIBUTES)
    assert data["Version"] == "3"
    assert all(data[name] == "" for name in ATTRIBUTES if name != "Version")


def test_the_record_of_a_copied_model_has_no_value_that_the_optimizer_does_not_publish(s3: S3Client) -> None:
    manifest = json.loads(s3.get_object(Bucket=BUCKET, Key=publish(s3)["ManifestKey"])["Body"].read())

    record = _record_of_copy(Store(BUCKET), PREFIX, manifest) | _stated(f"{PREFIX}/litert/1/", manifest)

    assert record.keys() <= set(ATTRIBUTES)


def test_a_response_stays_below_the_size_that_cloudformation_takes() -> None:
    record = dict.fromkeys(ATTRIBUTES, "é" * 60) | {"Summary": "long " * 1000, "BuildUrl": "u" * 1000}
    envelope = 600  # status, ids and the stack's address

    data = to_data(record)

    assert len(json.dumps(data, ensure_ascii=False).encode()) + envelope < 4096
    assert data["ManifestKey"] == record["ManifestKey"]


def test_says_so_when_it_cannot_be_short_enough() -> None:
    with pytest.raises(ModelError, match="give the model a shorter modelName"):
        to_data(dict.fromkeys(ATTRIBUTES, "x" * 400))
