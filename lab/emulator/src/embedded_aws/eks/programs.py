"""The programs of a Kubernetes control plane, built from their published Go modules and kept between runs.

`python -m embedded_aws.eks.programs` says which version a cluster would get, or ends with 69 and says why none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parents[3] / "kubernetes"
#: The oldest and the newest version of Kubernetes that EKS offered with standard support when this was written.
VERSIONS = {"1.34": "v1.34.4", "1.37": "v1.37.2"}
ETCD = "v3.6.5"
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


class CannotRunError(Exception):
    """Something that the control plane needs is missing on this machine."""


@dataclass(frozen=True)
class Programs:
    """Paths of the programs of one version."""

    version: str
    etcd: Path
    directory: Path
    kubectl: Path


def cache() -> Path:
    """Return where programs are kept: outside the repository."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "cdk-tensorflow" / "bin"


def nearest_built(wanted: str) -> Programs:
    """Return the programs of the wanted version, or of the newest one that is built. Builds nothing.

    Args:
        wanted: such as "1.36".

    Raises:
        CannotRunError: none is built, or openssl or kubectl is missing.
    """
    for minor in [wanted, *sorted(VERSIONS, reverse=True)]:
        found = _paths(minor) if minor in VERSIONS else None
        if found and all(path.is_file() for path in (found.etcd, *(found.directory / name for name in COMPONENTS))):
            check_openssl()
            if not found.kubectl.is_file():
                raise CannotRunError(f"{found.kubectl} is missing: run `npm run test:cluster -- {minor}` once")
            return found
    raise CannotRunError(
        "a cluster needs Kubernetes' own programs, which are not built on this machine: "
        f"run `npm run test:cluster -- {max(VERSIONS)}` once, which takes some 15 minutes and needs Go 1.26"
    )


def check_openssl() -> None:
    """Raise CannotRunError where the certificates of a control plane cannot be made."""
    if shutil.which("openssl") is None:
        raise CannotRunError("there is no openssl on the PATH, which makes the control plane's certificates")


def programs(minor: str) -> Programs:
    """Return the programs of a version, and build those that are missing. The first time takes some 15 minutes.

    Args:
        minor: such as "1.34".

    Raises:
        CannotRunError: they cannot be built.
    """
    found = _paths(minor)
    build(HERE / "etcd", "go.etcd.io/etcd/server/v3", found.etcd, "-s -w")
    source = HERE / f"kubernetes-{minor}"
    for name in COMPONENTS:
        build(source, f"k8s.io/kubernetes/cmd/{name}", found.directory / name, release(minor))
    if found.kubectl.parent == found.directory:
        build(source, "k8s.io/kubernetes/cmd/kubectl", found.kubectl, release(minor))
    return found


def release(minor: str) -> str:
    """Return the linker's flags of a program of Kubernetes, which tell it its version."""
    version = VERSIONS[minor]
    major, minor_number = minor.split(".")
    values = {
        "component-base/version.gitVersion": version,
        "client-go/pkg/version.gitVersion": version,
        "component-base/version.gitMajor": major,
        "component-base/version.gitMinor": minor_number,
    }
    return " ".join(["-s -w", *(f"-X k8s.io/{name}={value}" for name, value in values.items())])


def _paths(minor: str) -> Programs:
    version = VERSIONS[minor]
    directory = cache() / f"kubernetes-{version[1:]}"
    kubectl = shutil.which("kubectl")
    return Programs(
        version, cache() / f"etcd-{ETCD[1:]}" / "etcd", directory, Path(kubectl) if kubectl else directory / "kubectl"
    )


def build(source: Path, package: str, program: Path, flags: str) -> None:
    """Build a program that is not there yet.

    Args:
        source: the directory of a go.mod that requires the package's module.
        package: the program's package.
        program: where it is put.
        flags: of the linker.

    Raises:
        CannotRunError: it cannot be built.
    """
    if program.exists():
        return
    go = shutil.which("go")
    if go is None:
        raise CannotRunError(f"{program.name} must be built, and there is no Go on the PATH: install Go 1.26 or newer")
    once(program, lambda partial: _build(go, source, package, partial, flags))


def once(program: Path, make: Callable[[Path], None]) -> None:
    """Make a file that is not there yet, also where several processes want it at the same time.

    Args:
        program: the file.
        make: makes it at another path beside it.
    """
    import fcntl  # which Windows lacks, where `--check` still says what this machine offers

    program.parent.mkdir(parents=True, exist_ok=True)
    # Another process may build it now: it takes minutes, so wait for that.
    with program.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            partial = program.with_suffix(".partial")
            make(partial)
            partial.rename(program)


def _build(go: str, source: Path, package: str, target: Path, flags: str) -> None:
    print(f"building {target.stem} from {package}: minutes, once", flush=True)
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    command = [go, "build", "-trimpath", "-ldflags", flags, "-o", str(target), package]
    done = subprocess.run(  # noqa: S603 - the Go toolchain, on our own modules
        command, cwd=source, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CannotRunError(f"{target.stem} could not be built:\n{done.stderr[-2000:]}")


def main() -> int:
    """Say which version is there."""
    try:
        print(nearest_built(max(VERSIONS)).version)
    except CannotRunError as error:
        print(error, file=sys.stderr)
        return 69
    return 0


if __name__ == "__main__":
    sys.exit(main())
