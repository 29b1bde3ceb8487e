"""A pod's file system and command lines, turned into those of this machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from embedded_aws.host.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ANNOTATION = re.compile(r"metadata\.annotations\['(.+)'\]")
_PORT_FLAGS = ("--port", "--rest_api_port")


class VolumeError(Exception):
    """A volume cannot be mounted; the pod waits until it can."""


class PodRoot:
    """A directory that has a pod's volumes where its containers see them.

    It is no root of its own for their processes. Instead, wherever the path of a mount stands in a command, a variable
    or a configuration file, the directory is put before it. Nothing else of them is changed but the ports, because
    all pods share this machine's.
    """

    def __init__(self, pod: dict[str, Any], directory: Path) -> None:
        """Describes it; `mount` makes it.

        Args:
            pod: as the API server gives it out.
            directory: for its files.
        """
        self._pod = pod
        self._directory = directory
        containers = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
        self._mounts = {
            mount["mountPath"]: mount["name"] for container in containers for mount in container.get("volumeMounts", [])
        }
        # A pattern that matches nothing, if there is no mount.
        paths = "|".join(re.escape(path) for path in sorted(self._mounts, key=len, reverse=True)) or "(?!)"
        self._mount_path = re.compile(rf"(?<![\w./-])({paths})(?![\w.-])")
        declared = [
            port["containerPort"] for container in pod["spec"]["containers"] for port in container.get("ports", [])
        ]
        self._ports = {port: free_port() for port in declared}

    def mount(self, mount_claim: Callable[[str, Path], None]) -> None:
        """Makes every volume.

        Args:
            mount_claim: fills a directory with what a claim is bound to.

        Raises:
            VolumeError: one cannot be mounted.
        """
        for volume in self._pod["spec"].get("volumes", []):
            target = self._directory / "volumes" / volume["name"]
            target.mkdir(parents=True, exist_ok=True)
            if "persistentVolumeClaim" in volume:
                mount_claim(volume["persistentVolumeClaim"]["claimName"], target)
            elif "downwardAPI" in volume:
                for item in volume["downwardAPI"]["items"]:
                    self._write(item, target)
            elif "emptyDir" not in volume:
                raise VolumeError(f"volume {volume['name']}: only claims, downwardAPI and emptyDir are mounted here")
        for path, name in self._mounts.items():
            link = self.path(path)
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(self._directory / "volumes" / name)

    def path(self, inside: str) -> Path:
        """Return where an absolute path of the pod is on this machine."""
        return self._directory / "root" / inside.lstrip("/")

    def translate(self, text: str) -> str:
        """Put this directory before every path of a mount."""
        return self._mount_path.sub(lambda found: str(self.path(found[1])), text)

    def command(self, container: dict[str, Any], programs: dict[str, list[str]]) -> list[str]:
        """Return a container's command line.

        Args:
            container: of the pod.
            programs: what stands here for a program of an image, by its path there.
        """
        words: list[str] = [*container["command"], *container.get("args", [])]
        program, arguments = words[0], words[1:]
        # One that was copied into a volume lies there.
        return [
            *programs.get(program, [self.translate(program)]),
            *(self.translate(self._with_free_port(argument)) for argument in arguments),
        ]

    def environment(self, container: dict[str, Any]) -> dict[str, str]:
        """Return a container's own variables."""
        return {variable["name"]: self.translate(variable.get("value", "")) for variable in container.get("env", [])}

    def port(self, container: dict[str, Any], name_or_number: str | int) -> int:
        """Return the port of this machine that stands for a container's."""
        named = {port["name"]: port["containerPort"] for port in container["ports"]}
        return self._ports[int(named.get(str(name_or_number), name_or_number))]

    def _with_free_port(self, argument: str) -> str:
        name, _, value = argument.partition("=")
        if name in _PORT_FLAGS and value.isdigit() and int(value) in self._ports:
            return f"{name}={self._ports[int(value)]}"
        return argument

    def _write(self, item: dict[str, Any], target: Path) -> None:
        found = _ANNOTATION.fullmatch(item["fieldRef"]["fieldPath"])
        annotations = self._pod["metadata"].get("annotations", {})
        if found is None or found[1] not in annotations:
            raise VolumeError(f"{item['fieldRef']['fieldPath']} is no annotation of the pod")
        path = target / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.translate(annotations[found[1]]), encoding="utf-8")
