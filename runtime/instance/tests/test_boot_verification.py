"""Objects, processors and disks that end a boot before the server serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fleet as fleets
import instance
import pytest
from fleet import Fleet, cpu, never_answers

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = fleets.CAN_BOOT
SLOW = pytest.mark.slow


def flip(fleet: Fleet, fit: dict[str, str]) -> None:
    content = bytearray(fleet.s3.get_object(Bucket=fleet.bucket, Key=fit["ArchiveKey"])["Body"].read())
    content[len(content) // 2] ^= 1
    fleet.s3.put_object(Bucket=fleet.bucket, Key=fit["ArchiveKey"], Body=bytes(content))


def other_manifest(fleet: Fleet, fit: dict[str, str]) -> None:
    fleet.s3.put_object(Bucket=fleet.bucket, Key=fit["ManifestKey"], Body=b'{"files": [], "requirements": {}}')


def remove_archive(fleet: Fleet, fit: dict[str, str]) -> None:
    fleet.s3.delete_object(Bucket=fleet.bucket, Key=fit["ArchiveKey"])


def other_server(fleet: Fleet, _: dict[str, str]) -> None:
    fleet.s3.put_object(Bucket=fleet.bucket, Key="server", Body=b"#!/bin/sh\nsleep 1000\n")


@pytest.mark.fault
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param({"change": flip}, "archive/7.tar.gz has the SHA-256 ", id="a flipped byte in the archive"),
        pytest.param({"change": other_manifest}, "manifest.json has the SHA-256 ", id="another manifest", marks=SLOW),
        pytest.param({"change": other_server}, "/server has the SHA-256 ", id="another server", marks=SLOW),
        pytest.param({"change": remove_archive}, "there is no s3://", id="a missing object", marks=SLOW),
        pytest.param(
            {"cpu_features": ["bf16"], "flags": "avx2"}, "needs a processor with bf16", id="no bfloat16", marks=SLOW
        ),
        pytest.param({"disk": "1m"}, "bytes of disk to unpack", id="a disk too small for the model", marks=SLOW),
        pytest.param(
            {"disk": "16k", "server": instance.SERVER + "#" * 50_000}, "the disk is full", id="a full disk", marks=SLOW
        ),
        pytest.param(
            {"server": "#!/bin/sh\necho illegal instruction; exit 132\n"},
            "does not stay up: ",
            id="a dying server",
            marks=SLOW,
        ),
    ],
)
def test_serves_nothing_and_signals_failure_with_its_reason(
    fleet: Fleet, tmp_path: Path, given: dict[str, Any], reason: str
) -> None:
    flags = given.pop("flags", None) if (given := dict(given)) else None

    booted = fleet.boot(**given, cpuinfo=cpu(tmp_path, flags) if flags else None)

    assert booted.code == 1
    assert fleet.stack.status() == "CREATE_FAILED"
    [line] = fleet.log()
    assert line.startswith("FAILURE: ")
    assert reason in line
    assert f"{fleet.group_id}: {line}" in booted.output
    assert not fleet.serves()
    assert booted.run("ls /etc/systemd/system/multi-user.target.wants/model-server.service")[0] != 0


@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param("s3*boot.py*", "FAILURE: cannot read s3://cdk-", id="the boot program's"),
        pytest.param("s3*/object*", "FAILURE: cannot read s3://models-", id="the model's"),
    ],
)
def test_a_bucket_that_never_answers_is_a_failure_in_time(fleet: Fleet, given: str, reason: str) -> None:
    booted = fleet.boot(aws_command=never_answers(given), seconds=10)

    assert booted.code == 1
    assert fleet.stack.status() == "CREATE_FAILED"
    [line] = fleet.log()
    assert line.startswith(reason)
    assert "no answer" in line
