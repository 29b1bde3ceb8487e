"""`publish`: complete versions or none, numbers of their own, and the same answer for the same inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from publishing_samples import KEY, PREFIX, SAVED_MODEL, read_json
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.storage.s3 import Bucket
from tensorflow_optimizer.storage.storage_errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from tensorflow_optimizer.documents.record import Record
    from tensorflow_optimizer.storage.stored_object import StoredObject

    Release = Callable[..., Record | None]
    Keys = Callable[..., list[str]]
    MakeOutput = Callable[..., Path]


@pytest.mark.parametrize("exit_code", [code for code in ExitCode if code is not ExitCode.DONE])
def test_an_unsuccessful_build_publishes_only_its_report(
    release: Release, make_output: MakeOutput, keys: Keys, exit_code: ExitCode
) -> None:
    assert release(make_output(exit_code=exit_code)) is None

    assert {key.rsplit("/", 2)[0] for key in keys()} == {f"{PREFIX}/builds"}
    assert f"{PREFIX}/builds/b-1/report.html" in keys()


def test_the_same_inputs_are_answered_by_the_same_record(
    s3: S3Client, release: Release, make_output: MakeOutput, keys: Keys
) -> None:
    first = release(make_output("one"), "b-1")
    before = keys(f"{PREFIX}/litert/") + keys(f"{PREFIX}/claims/")

    second = release(make_output("two"), "b-2")

    assert second == first
    assert keys(f"{PREFIX}/litert/") + keys(f"{PREFIX}/claims/") == before
    assert f"{PREFIX}/builds/b-2/report.html" in keys()


def test_one_counter_over_all_formats_and_keys(release: Release, make_output: MakeOutput, keys: Keys) -> None:
    release(make_output("one"), "b-1")
    other = release(make_output("two", job=SAVED_MODEL), "b-2", key="b" * 64, job=SAVED_MODEL)

    assert other is not None
    assert other.version == "2"
    assert keys(f"{PREFIX}/claims/") == [f"{PREFIX}/claims/1", f"{PREFIX}/claims/2"]


@pytest.mark.fault
@pytest.mark.parametrize("broken_at", ["layer.zip", "manifest.json", f"keys/{KEY}/1.json"])
def test_a_crash_before_the_record_leaves_a_number_that_is_never_used_again(
    s3: S3Client,
    release: Release,
    make_output: MakeOutput,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
    broken_at: str,
) -> None:
    genuine = Bucket.create

    def crash(bucket: Bucket, key: str, *arguments: Any) -> StoredObject:
        if key.endswith(broken_at):
            raise StorageError("the connection broke")
        return genuine(bucket, key, *arguments)

    output = make_output()
    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "create", crash)
        with pytest.raises(StorageError):
            release(output)
    assert not [path for path in output.iterdir() if path.name.startswith(".publish")]

    record = release(output)

    assert record is not None
    assert record.version == "2"
    assert keys(f"{PREFIX}/keys/") == [f"{PREFIX}/keys/{KEY}/2.json"]
    assert read_json(s3, record.manifest_key)["version"] == 2


@pytest.mark.fault
def test_two_builds_at_once_get_different_numbers(
    s3: S3Client, release: Release, make_output: MakeOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(make_output("one"), "b-1")
    genuine = Bucket.list_objects
    seen: list[str] = []

    def late(bucket: Bucket, prefix: str) -> list[StoredObject]:
        if prefix.endswith("/claims/") and not seen:
            seen.append(prefix)
            return []  # As it was before the other build claimed its number.
        return genuine(bucket, prefix)

    monkeypatch.setattr(Bucket, "list_objects", late)
    record = release(make_output("two"), "b-2", key="b" * 64)

    assert seen
    assert record is not None
    assert record.version == "2"
    assert read_json(s3, f"{PREFIX}/claims/1")["buildId"] == "b-1"
    assert read_json(s3, f"{PREFIX}/claims/2")["buildId"] == "b-2"


@pytest.mark.fault
def test_the_first_of_two_builds_of_the_same_inputs_to_finish_decides(
    s3: S3Client, release: Release, make_output: MakeOutput, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = Bucket.create
    first: list[Record | None] = []

    def create(bucket: Bucket, key: str, *arguments: Any) -> StoredObject:
        if key.endswith("/litert/1/manifest.json") and not first:
            first.append(None)  # While this build uploads, the other one runs from start to end.
            first[0] = release(make_output("two"), "b-2")
        return genuine(bucket, key, *arguments)

    monkeypatch.setattr(Bucket, "create", create)
    slow = release(make_output("one"), "b-1")

    assert slow == first[0]
    assert slow is not None
    assert slow.version == "2"
    assert keys(f"{PREFIX}/keys/") == [f"{PREFIX}/keys/{KEY}/2.json"]
