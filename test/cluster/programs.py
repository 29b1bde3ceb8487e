"""The programs of a Kubernetes control plane, built from their published Go modules and kept between runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent / "programs"
#: The oldest and the newest version of Kubernetes that EKS offered with standard support when this was written.
VERSIONS = {"1.34": "v1.34.4", "1.37": "v1.37.2"}
ETCD = "v3.6.5"
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


class CannotRunError(Exception):
    """This machine lacks something that the control plane needs."""


@dataclass(frozen=True)
class Programs:
    """Where the programs of one version are."""

    version: str
    etcd: Path
    directory: Path
    kubectl: Path


def cache() -> Path:
    """Return where programs are kept: outside the repository."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "cdk-tensorflow" / "bin"


def programs(minor: str) -> Programs:
    """Return the programs of a version, and build those that are missing. The first time takes some 15 minutes.

    Args:
        minor: such as "1.34".
    """
    version = VERSIONS[minor]
    directory = cache() / f"kubernetes-{version[1:]}"
    etcd = cache() / f"etcd-{ETCD[1:]}" / "etcd"
    _build(HERE / "etcd", "go.etcd.io/etcd/server/v3", etcd, "-s -w")
    release = (
        f"-X k8s.io/component-base/version.gitVersion={version} -X k8s.io/client-go/pkg/version.gitVersion={version}"
    )
    major, minor_number = minor.split(".")
    release += (
        f" -X k8s.io/component-base/version.gitMajor={major} -X k8s.io/component-base/version.gitMinor={minor_number}"
    )
    source = HERE / f"kubernetes-{minor}"
    for name in COMPONENTS:
        _build(source, f"k8s.io/kubernetes/cmd/{name}", directory / name, f"-s -w {release}")
    found = shutil.which("kubectl")
    kubectl = Path(found) if found else directory / "kubectl"
    if not found:
        _build(source, "k8s.io/kubernetes/cmd/kubectl", kubectl, f"-s -w {release}")
    return Programs(version, etcd, directory, kubectl)


def _build(source: Path, package: str, program: Path, flags: str) -> None:
    if program.exists():
        return
    go = shutil.which("go")
    if go is None:
        raise CannotRunError(f"{program.name} must be built, and there is no Go on the PATH: install Go 1.26 or newer")
    print(f"building {program.name} from {package}: minutes, once", flush=True)
    program.parent.mkdir(parents=True, exist_ok=True)
    partial = program.with_suffix(".partial")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    command = [go, "build", "-trimpath", "-ldflags", flags, "-o", str(partial), package]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotRunError(f"{program.name} could not be built:\n{done.stderr[-2000:]}")
    partial.rename(program)
