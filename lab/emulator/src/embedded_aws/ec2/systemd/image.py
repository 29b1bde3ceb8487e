"""The root that instances boot from, made once: Debian 12, whose systemd has the version of Amazon Linux 2023.

`python -m embedded_aws.ec2.systemd.image` makes it, or ends with 69 and says why instances cannot boot here.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from embedded_aws.ec2.stock import LAYER
from embedded_aws.host.shared_cache import kept
from embedded_aws.settings import default_cache_directory

_log = logging.getLogger("embedded_aws.ec2")
_BUILD = Path(__file__).with_name("image") / "build"
_TOOLS = ("unshare", "nsenter", "mount", "chroot")
_BUILD_TOOLS = ("apt-get", "dpkg", "wget")


class CannotBootError(Exception):
    """Instances cannot boot under systemd on this machine; the message says why."""


def cgroup_mount() -> Path:
    """The directory of cgroup v2.

    Raises:
        CannotBootError: there is none.
    """
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, target, kind, options, *_ = line.split()
        if kind == "cgroup2" and "rw" in options.split(","):
            return Path(target)
    raise CannotBootError("no writable cgroup v2 is mounted, which systemd needs (in a container: --privileged)")


def check_machine() -> None:
    """Checks what a boot needs of this machine, except for the image.

    Raises:
        CannotBootError: with all that is missing.
    """
    problems = []
    if sys.platform != "linux":
        raise CannotBootError(f"instances boot under systemd on Linux only, and this is {sys.platform}")
    if os.geteuid() != 0:
        problems.append("only root can mount an instance's disk: start it with sudo, or in a container")
    if missing := [name for name in _TOOLS if shutil.which(name) is None]:
        problems.append(f"{', '.join(missing)} of util-linux and coreutils must be on the PATH")
    try:
        cgroup_mount()
    except CannotBootError as error:
        problems.append(str(error))
    if problems:
        raise CannotBootError("; ".join(problems))


def built(cache_directory: Path) -> Path:
    """The image's root. Builds nothing.

    Raises:
        CannotBootError: it has not been built, or this machine cannot boot it.
    """
    check_machine()
    root = _target(cache_directory) / "root"
    if not root.is_dir():
        raise CannotBootError(
            "the image that instances boot from is not built: run `npm run test:machines` once, which downloads "
            "some 70 MB of Debian's packages"
        )
    return root


def build(cache_directory: Path) -> Path:
    """The image's root, made when it is missing: minutes, once.

    Raises:
        CannotBootError: it cannot be made.
    """
    check_machine()
    if missing := [name for name in _BUILD_TOOLS if shutil.which(name) is None]:
        raise CannotBootError(f"{', '.join(missing)} must be on the PATH to make the image that instances boot from")
    if not LAYER.is_file():
        raise CannotBootError(f"instances need the AWS CLI of {LAYER}, which is not there: run npm ci")
    return kept(_target(cache_directory), _fill) / "root"


def image_for(how: str, cache_directory: Path) -> Path | None:
    """The image that instances boot under systemd; None where they run in namespaces, as the log then says.

    Args:
        how: `namespaces`, `systemd`, or `auto`, which is systemd where this machine can.
        cache_directory: where the image is.

    Raises:
        CannotBootError: systemd is asked for, and this machine cannot boot instances under it.
    """
    if how == "namespaces":
        return None
    try:
        image = built(cache_directory)
    except CannotBootError as error:
        if how == "systemd":
            raise
        _log.warning("instances run in namespaces, with a stand-in for systemd: %s", error)
        return None
    _log.info("instances boot under systemd, from %s", image)
    return image


def _target(cache_directory: Path) -> Path:
    layer = LAYER.read_bytes() if LAYER.is_file() else b""
    return cache_directory / f"machine-{hashlib.sha256(_BUILD.read_bytes() + layer).hexdigest()[:16]}"


def _fill(target: Path) -> None:
    print("making the image that instances boot from: minutes, once", flush=True)
    with zipfile.ZipFile(LAYER) as layer:
        layer.extractall(target)
    (target / "awscli").rename(target / "aws-cli")
    result = subprocess.run(  # noqa: S603 - our own script
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", str(_BUILD), str(target)],  # noqa: S607 - util-linux
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if result.returncode != 0:
        raise CannotBootError(f"the image that instances boot from could not be made:\n{result.stdout[-2000:]}")


def main() -> int:
    """Makes the image."""
    try:
        print(build(default_cache_directory()))
    except CannotBootError as error:
        print(error, file=sys.stderr)
        return 69
    return 0


if __name__ == "__main__":
    sys.exit(main())
