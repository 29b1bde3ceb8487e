"""The program that mounts buckets: built once from the library of Mountpoint for Amazon S3, and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from embedded_aws.eks.programs import CannotRunError, cache, once
from embedded_aws.eks.real_nodes import debian
from embedded_aws.host.pythons import newest_python
from embedded_aws.host.tools import InstallError, install

#: Version of `mountpoint-s3-fs`, as in the program's Cargo.toml.
VERSION = "0.11.0"
_SOURCE = Path(__file__).resolve().parents[4] / "mountpoint"
_TOOLS = ("apt-get", "cargo", "cc", "c++", "cmake", "dpkg", "pkg-config")
_FUSE = ("libfuse3-3", "libfuse3-dev")
#: Package that reads C headers for the library's build.
_LIBCLANG_PACKAGE = "libclang==18.1.1"
_DEVICE = Path("/dev/fuse")


def program() -> Path:
    """Return where the program is, or would be: another place for another source."""
    digest = hashlib.sha256()
    for path in sorted([_SOURCE / "Cargo.toml", _SOURCE / "Cargo.lock", *_SOURCE.glob("src/*.rs")]):
        digest.update(path.read_bytes())
    return cache() / f"mountpoint-{VERSION}-{digest.hexdigest()[:12]}" / "mount-bucket"


def why_not() -> str | None:
    """Return why buckets cannot be mounted on this machine now, or None where they can."""
    if not _DEVICE.exists():
        return f"this machine has no {_DEVICE}"
    if not program().is_file():
        return "Mountpoint is not built: run `npm run test:nodes` once, which says what it lacks"
    return None


def description(reason: str | None) -> str:
    """Say how volumes of S3 get their files.

    Args:
        reason: why they are not mounted, or None.
    """
    if reason is None:
        return f"volumes of S3 are mounted by Mountpoint (mountpoint-s3-fs {VERSION})"
    return f"volumes of S3 are copies, because {reason}"


def build() -> None:
    """Build the program, if it is not there yet. Takes minutes the first time.

    Raises:
        CannotRunError: it cannot be built.
    """
    if not _DEVICE.exists():
        raise CannotRunError(f"this machine has no {_DEVICE}")
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing and not program().is_file():
        raise CannotRunError(f"Mountpoint is built with {', '.join(_TOOLS)}, and {', '.join(missing)} is missing")
    once(program(), _build)


def _build(target: Path) -> None:
    print(f"building Mountpoint from the crate mountpoint-s3-fs {VERSION}: minutes, once", flush=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=target.parent) as directory:
        fuse, libclang, built = (Path(directory, name) for name in ("fuse", "libclang", "target"))
        debian.unpack(_FUSE, fuse)
        try:
            install(_LIBCLANG_PACKAGE, newest_python(), libclang)
        except InstallError as error:
            raise CannotRunError(str(error)) from error
        done = subprocess.run(  # noqa: S603 - the Rust toolchain, on our own crate
            ["cargo", "build", "--release", "--locked", "--target-dir", str(built)],  # noqa: S607 - of the PATH
            cwd=_SOURCE,
            env={**os.environ, **_variables(fuse, libclang)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CannotRunError(f"Mountpoint could not be built:\n{done.stderr[-2000:]}")
        shutil.copy2(built / "release" / target.stem, target)


def _variables(fuse: Path, libclang: Path) -> dict[str, str]:
    """Return the variables with which the build finds what is not installed on this machine."""
    (found,) = fuse.glob("usr/lib/*/pkgconfig")
    return {
        "PKG_CONFIG_PATH": str(found),
        "PKG_CONFIG_SYSROOT_DIR": str(fuse),
        # Linked into the program, because no node has it.
        "FUSE3_STATIC": "1",
        "LIBCLANG_PATH": str(libclang / "clang" / "native"),
        # The package has no headers of a compiler.
        "BINDGEN_EXTRA_CLANG_ARGS": f"-I{_ask('cc', '-print-file-name=include')}",
    }


def _ask(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 - our own
