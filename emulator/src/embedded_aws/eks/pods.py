"""Runs pods on this machine: their volumes, their init containers, their server, its probes."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded_aws.eks.nodes import PodState
from embedded_aws.eks.pod_root import PodRoot, VolumeError
from embedded_aws.host.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS_ANNOTATION = "embedded-aws/{port}"
"""Annotation of a running pod: where on this machine a named port of it is."""

REPOSITORY = Path(__file__).resolve().parents[4]
STAND_IN = [str(REPOSITORY / ".tools" / "python" / "bin" / "python"), "-m", "stand_in_server"]
PROGRAMS = {"/usr/bin/tensorflow_model_server": STAND_IN}
"""Runs instead of the programs of images, which are never pulled."""

_RETRY_SECONDS = 5.0
_PROBE_SECONDS = 0.5
_TEMPLATE_LABEL = "pod-template-hash"

_log = logging.getLogger("embedded_aws.eks")


@dataclass
class _Group:
    run: Run
    members: set[str]


class HostRuntime:
    """Runs one pod of each ReplicaSet. The others are made of the same template, and are as that one is."""

    def __init__(
        self,
        directory: Path,
        mount_claim: Callable[[dict[str, Any], str, Path], None],
        identify: Callable[[dict[str, Any]], dict[str, str]] = lambda _: {},
    ) -> None:
        """Prepares it.

        Args:
            directory: for the pods' files.
            mount_claim: fills a directory with what a claim of a pod is bound to; raises VolumeError.
            identify: gives the variables by which a pod's containers reach AWS, in the role that is theirs.
        """
        self._directory = directory
        self._mount_claim = mount_claim
        self._identify = identify
        self._groups: dict[str, _Group] = {}
        self._made = 0

    def state(self, pod: dict[str, Any]) -> PodState:
        """Start a pod whose template is new, and say how its template's pods are."""
        meta = pod["metadata"]
        key = f"{meta['namespace']}/{meta.get('labels', {}).get(_TEMPLATE_LABEL) or meta['uid']}"
        group = self._groups.get(key)
        if group is None:
            self._made += 1
            run = Run(pod, self._directory / str(self._made), self._mount_claim, self._identify)
            group = self._groups[key] = _Group(run, set())
            run.start()
        group.members.add(meta["uid"])
        return group.run.state

    def keep(self, uids: set[str]) -> None:
        """End the processes that no pod is left of."""
        for key, group in list(self._groups.items()):
            group.members &= uids
            if not group.members:
                del self._groups[key]
                group.run.stop()


class Run:
    """One pod that runs."""

    def __init__(
        self,
        pod: dict[str, Any],
        directory: Path,
        mount_claim: Callable[[dict[str, Any], str, Path], None],
        identify: Callable[[dict[str, Any]], dict[str, str]],
    ) -> None:
        """Prepares it.

        Args:
            pod: as the API server gives it out.
            directory: for its files; made, and removed when it stops.
            mount_claim: fills a directory with what a claim of a pod is bound to; raises VolumeError.
            identify: gives the variables by which its containers reach AWS.
        """
        self.state = PodState(ready=False, waiting="ContainerCreating", initialized=False)
        self._pod, self._directory, self._mount_claim, self._identify = pod, directory, mount_claim, identify
        self._name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        self._root = PodRoot(pod, directory)
        self._child: Child | None = None
        self._restarts = 0
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"pod {self._name}")

    def start(self) -> None:
        """Begin, and return at once."""
        self._directory.mkdir(parents=True)
        self._thread.start()

    def stop(self) -> None:
        """End it at once."""
        with self._lock:
            self._stopped.set()
            if self._child:
                self._child.stop()
        self._thread.join(30)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _run(self) -> None:
        try:
            self._live()
        except Exception as error:
            _log.exception("pod %s", self._name)
            self._report(PodState(ready=False, waiting="CreateContainerError", message=str(error), initialized=False))

    def _live(self) -> None:
        if problem := _problem(self._pod):
            self._report(PodState(ready=False, waiting="CreateContainerError", message=problem, initialized=False))
            return
        (server,) = self._pod["spec"]["containers"]
        while not self._stopped.is_set() and not self._mounted():
            self._stopped.wait(_RETRY_SECONDS)
        for container in self._pod["spec"].get("initContainers", []):
            while not self._stopped.is_set() and not self._ended_well(container):
                self._stopped.wait(_RETRY_SECONDS)
        while not self._stopped.is_set():
            self._serve(server)
            self._stopped.wait(_RETRY_SECONDS)

    def _mounted(self) -> bool:
        try:
            self._root.mount(lambda claim, target: self._mount_claim(self._pod, claim, target))
        except VolumeError as error:
            self._report(PodState(ready=False, waiting="ContainerCreating", message=str(error), initialized=False))
            return False
        return True

    def _ended_well(self, container: dict[str, Any]) -> bool:
        child = self._started(container)
        if child is None:
            return False
        if child.wait() == 0:
            return True
        self._restarts += 1
        message = f"{container['name']}: {_tail(child.log)}"
        self._report(PodState(False, "CrashLoopBackOff", message, initialized=False, restarts=self._restarts))
        return False

    def _serve(self, container: dict[str, Any]) -> None:
        child = self._started(container)
        if child is None:
            return
        probe = container["readinessProbe"]
        port, path = self._root.port(container, probe["httpGet"]["port"]), probe["httpGet"]["path"]
        threshold = misses = int(probe.get("failureThreshold", 3))
        ports = {port["name"]: self._root.port(container, port["name"]) for port in container["ports"]}
        annotations = tuple((ADDRESS_ANNOTATION.format(port=name), f"127.0.0.1:{ports[name]}") for name in ports)
        while child.code() is None and not self._stopped.wait(_PROBE_SECONDS):
            answered = _answers(f"http://127.0.0.1:{port}{path}", float(probe.get("timeoutSeconds", 1)))
            misses = 0 if answered else misses + 1
            self._report(PodState(misses < threshold, restarts=self._restarts, annotations=annotations))
        self._restarts += 1
        self._report(PodState(False, "CrashLoopBackOff", _tail(child.log), restarts=self._restarts))

    def _started(self, container: dict[str, Any]) -> Child | None:
        log = self._directory / f"{container['name']}.log"
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY / "test" / "stand_ins"),
            "TF_CPP_MIN_LOG_LEVEL": "2",
            **self._identify(self._pod),
            **self._root.environment(container),
        }
        with self._lock:
            if self._stopped.is_set():
                return None
            self._child = Child(self._root.command(container, PROGRAMS), log=log, environment=variables)
            return self._child

    def _report(self, state: PodState) -> None:
        if state.message and state.message != self.state.message:
            _log.info("pod %s: %s: %s", self._name, state.waiting, state.message)
        self.state = state


def _problem(pod: dict[str, Any]) -> str:
    server, *others = pod["spec"]["containers"]
    commands = all("command" in one for one in [server, *pod["spec"].get("initContainers", [])])
    if not others and commands and "ports" in server and "httpGet" in server.get("readinessProbe", {}):
        return ""
    return "only pods with a command in each container, and one server with ports and an HTTP readiness probe, run here"


def _answers(address: str, timeout: float) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=timeout) as answer:  # noqa: S310 - a port of this machine
            return bool(answer.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace").strip()[-500:]
