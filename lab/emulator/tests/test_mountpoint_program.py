"""The choice between buckets that Mountpoint mounts, and copies; and its start. `npm run test:nodes` mounts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from embedded_aws.eks.mountpoint import Mount
from embedded_aws.eks.programs import CannotRunError
from embedded_aws.eks.real_nodes import mountpoint_program
from embedded_aws.eks.real_nodes.bucket_mounts import arguments, environment
from support import put

if TYPE_CHECKING:
    from pathlib import Path

TARGET = "/var/lib/kubelet/pods/uid/volumes/kubernetes.io~csi/volume/mount"
ENDPOINT = "http://10.77.0.1:4566"


def mount(*options: str, read_only: bool = True, group: str = "") -> Mount:
    return Mount("volume", {"bucketName": "models"}, options, "namespace", "account", read_only, group)


def given(*options: str, read_only: bool = True, group: str = "") -> list[str]:
    return arguments(mount(*options, read_only=read_only, group=group), TARGET, ENDPOINT, "eu-central-1")


def test_a_volume_is_mounted_with_its_options_at_the_endpoint_of_the_embedded_aws() -> None:
    assert given("region us-east-1", "prefix digits/", group="65532") == [
        "--allow-other",
        "--dir-mode=770",
        f"--endpoint-url={ENDPOINT}",
        "--file-mode=660",
        "--force-path-style",
        "--gid=65532",
        "--prefix=digits/",
        "--read-only",
        "--region=us-east-1",
        "--",
        "models",
        TARGET,
    ]


def test_options_may_be_written_as_on_the_command_line() -> None:
    assert given("--prefix=digits/", "  uid   1000 ", "--allow-other") == given(
        "prefix digits/", "uid 1000", "allow-other"
    )
    assert "--uid=1000" in given("--uid=1000")


def test_a_volume_without_a_group_can_be_read_by_root_and_its_region_is_the_cluster_s() -> None:
    options = given()

    assert "--allow-root" in options
    assert "--region=eu-central-1" in options
    assert not [option for option in options if option.startswith(("--gid", "--allow-other", "--file-mode"))]
    assert "--allow-root" not in given("allow-other")


def test_the_volume_s_own_options_win_over_those_of_the_group() -> None:
    options = given("gid 7", "file-mode 444", group="65532")

    assert {"--gid=7", "--file-mode=444", "--dir-mode=770", "--allow-other"} <= set(options)
    assert "--gid=65532" not in options


def test_only_a_volume_for_readers_is_mounted_read_only() -> None:
    assert "--read-only" in given()
    assert "--read-only" not in given(read_only=False)


def test_mountpoint_has_no_credentials_but_those_of_pod_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")

    variables = environment("/token")

    assert variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == "http://169.254.170.23/v1/credentials"
    assert variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] == "/token"
    assert "AWS_ACCESS_KEY_ID" not in variables


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with FUSE and every tool, where nothing is built: its cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    put(tmp_path, "fuse")
    monkeypatch.setattr(mountpoint_program, "_DEVICE", tmp_path / "fuse")
    monkeypatch.setattr(mountpoint_program.shutil, "which", lambda name: f"/bin/{name}")
    return tmp_path


def test_buckets_are_mounted_once_the_program_is_built_and_copied_before(machine: Path) -> None:
    assert mountpoint_program.description(mountpoint_program.why_not()).startswith(
        "volumes of S3 are copies, because Mountpoint is not built: run `npm run test:nodes` once"
    )

    put(mountpoint_program.program().parent, "mount-bucket")

    assert mountpoint_program.program().is_relative_to(machine)
    assert mountpoint_program.why_not() is None
    assert mountpoint_program.description(None).startswith("volumes of S3 are mounted by Mountpoint (mountpoint-s3-fs ")


def test_the_version_is_that_of_the_program_s_manifest() -> None:
    manifest = (mountpoint_program._SOURCE / "Cargo.toml").read_text()

    assert f'mountpoint-s3-fs = "={mountpoint_program.VERSION}"' in manifest


def test_another_source_is_another_program(machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    put(source, "Cargo.toml", "Cargo.lock")
    put(source / "src", "main.rs")
    monkeypatch.setattr(mountpoint_program, "_SOURCE", source)
    before = mountpoint_program.program()

    (source / "src" / "main.rs").write_text("fn main() {}")

    assert mountpoint_program.program() != before


def test_a_machine_without_fuse_copies(machine: Path) -> None:
    (machine / "fuse").unlink()

    assert mountpoint_program.why_not() == f"this machine has no {machine / 'fuse'}"
    with pytest.raises(CannotRunError, match="this machine has no "):
        mountpoint_program.build()


def test_a_machine_that_lacks_tools_is_told_which(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.is_dir()
    monkeypatch.setattr(
        mountpoint_program.shutil, "which", lambda name: None if name in {"cargo", "cmake"} else f"/bin/{name}"
    )

    with pytest.raises(CannotRunError, match=r"built with apt-get, cargo, .* and cargo, cmake is missing"):
        mountpoint_program.build()


def test_a_build_that_fails_says_what_the_compiler_said_and_leaves_nothing(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unpack(_packages: object, target: Path) -> None:
        put(target / "usr" / "lib" / "machine" / "pkgconfig", "fuse3.pc")

    monkeypatch.setattr(mountpoint_program.debian, "unpack", unpack)
    monkeypatch.setattr(mountpoint_program, "newest_python", lambda: None)
    monkeypatch.setattr(mountpoint_program, "install", lambda *_: None)
    tools = machine / "tools"
    put(tools, "cargo", "cc")
    (tools / "cc").write_text("#!/bin/sh\necho /include\n")
    (tools / "cargo").write_text('#!/bin/sh\necho "no such crate, with $BINDGEN_EXTRA_CLANG_ARGS" >&2; exit 101\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")

    with pytest.raises(CannotRunError, match=r"Mountpoint could not be built:\nno such crate, with -I/include"):
        mountpoint_program.build()

    assert not mountpoint_program.program().exists()
    assert [path.suffix for path in mountpoint_program.program().parent.iterdir()] == [".lock"]
