"""The programs of a node: built from their published Go modules, or taken from the packages of Debian, and kept."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded_aws.eks.programs import HERE, VERSIONS, CannotRunError, build, cache, release
from embedded_aws.eks.real_nodes import debian, mountpoint_program
from embedded_aws.host.shared_cache import kept

if TYPE_CHECKING:
    from pathlib import Path

#: Each Go module with its version and the packages that are built of it. The versions are those of its go.mod.
MODULES = {
    "containerd": ("2.3.7", "github.com/containerd/containerd/v2/cmd/", ("containerd", "containerd-shim-runc-v2")),
    "coredns": ("1.15.0", "github.com/coredns/", ("coredns",)),
    "metrics-server": ("0.9.0", "sigs.k8s.io/metrics-server/cmd/", ("metrics-server",)),
}
CNI = ("1.10.0", "github.com/containernetworking/plugins/plugins/")
PLUGINS = ("main/bridge", "main/loopback", "ipam/host-local", "meta/portmap")
KUBERNETES = ("kubelet", "kube-proxy")
#: Programs that no Go module gives without a C library, and the packages that have them.
COMMANDS = ("conntrack", "nft", "runc")
PACKAGES = (
    *("conntrack", "libedit2", "libgmp10", "libjansson4", "libmnl0", "libnetfilter-conntrack3", "libnfnetlink0"),
    *("libnftables1", "libnftnl11", "libseccomp2", "libxtables12", "nftables", "runc"),
)


@dataclass(frozen=True)
class NodePrograms:
    """Directories of the programs of one version."""

    kubernetes: Path
    containerd: Path
    cni: Path
    coredns: Path
    metrics_server: Path
    commands: Path | None
    """Directory of unpacked packages of the programs that this machine lacks; None if it lacks none."""
    mountpoint: Path | None
    """The program that mounts buckets; None where volumes of S3 are copies."""

    def environment(self) -> dict[str, str]:
        """Return the variables with which they find each other."""
        directories = [self.containerd, self.cni, self.kubernetes]
        libraries = {}
        if self.commands:
            directories.append(self.commands / "usr" / "sbin")
            places = (self.commands / "usr" / "lib", self.commands / "lib")
            libraries["LD_LIBRARY_PATH"] = os.pathsep.join(
                str(place / f"{platform.machine()}-linux-gnu") for place in places
            )
        path = os.pathsep.join([*map(str, directories), "/usr/sbin", "/sbin", os.environ["PATH"]])
        return {"PATH": path, **libraries}


def nearest_built(minor: str) -> NodePrograms:
    """Return the programs for a version of Kubernetes. Builds nothing.

    Raises:
        CannotRunError: one is missing.
    """
    found = _paths(minor)
    needed = [found.kubernetes / name for name in KUBERNETES]
    needed += [found.containerd / name for name in MODULES["containerd"][2]]
    needed += [found.cni / name.rpartition("/")[2] for name in PLUGINS]
    needed += [found.coredns / "coredns", found.metrics_server / "metrics-server"]
    missing = [path.name for path in needed if not path.is_file()]
    if found.commands is not None and not found.commands.is_dir():
        missing += COMMANDS
    if missing:
        raise CannotRunError(f"real nodes need {', '.join(missing)}: run `npm run test:nodes` once")
    return found


def programs(minor: str) -> NodePrograms:
    """Return the programs for a version of Kubernetes, and build those that are missing. Takes minutes the first time.

    Raises:
        CannotRunError: they cannot be built.
    """
    found = _paths(minor)
    if found.commands is not None:
        kept(found.commands, _unpack)
    for name in KUBERNETES:
        build(HERE / f"kubernetes-{minor}", f"k8s.io/kubernetes/cmd/{name}", found.kubernetes / name, release(minor))
    for module, (version, package, names) in MODULES.items():
        flag = f" -X github.com/containerd/containerd/v2/version.Version=v{version}" if module == "containerd" else ""
        for name in names:
            build(HERE / module, package + name, cache() / f"{module}-{version}" / name, f"-s -w{flag}")
    for plugin in PLUGINS:
        build(HERE / "cni-plugins", CNI[1] + plugin, found.cni / plugin.rpartition("/")[2], "-s -w")
    try:
        mountpoint_program.build()
        print(mountpoint_program.description(None), flush=True)
    except CannotRunError as error:
        print(mountpoint_program.description(str(error)), flush=True)
    return _paths(minor)


def _paths(minor: str) -> NodePrograms:
    directories = {name: cache() / f"{name}-{version}" for name, (version, *_) in MODULES.items()}
    lacking = [name for name in COMMANDS if shutil.which(name) is None]
    return NodePrograms(
        cache() / f"kubernetes-{VERSIONS[minor][1:]}",
        directories["containerd"],
        cache() / f"cni-plugins-{CNI[0]}",
        directories["coredns"],
        directories["metrics-server"],
        cache() / "node-commands" if lacking else None,
        mountpoint_program.program() if mountpoint_program.why_not() is None else None,
    )


def _unpack(target: Path) -> None:
    if not debian.can_unpack():
        raise CannotRunError(
            f"real nodes need {', '.join(COMMANDS)}: install them, because this machine has no apt-get"
        )
    print(f"downloading {', '.join(COMMANDS)} with apt-get, without installing them: once", flush=True)
    debian.unpack(PACKAGES, target)
