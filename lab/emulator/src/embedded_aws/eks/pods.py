"""Runs pods on this machine: their volumes, their init containers, their server, its probes."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded_aws.eks.image_pull import pull_problem
from embedded_aws.eks.pod_root import PodRoot, VolumeError
from embedded_aws.eks.pod_state import Ended, PodState
from embedded_aws.host.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS_ANNOTATION = "embedded-aws/{port}"
"""Annotation of a running pod: where on this machine a named port of it is."""

REPOSITORY = Path(__file__).resolve().parents[5]
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
    members: dict[str, tuple[str, str]]
    """Namespace and name of each pod by its uid."""


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
        self._ending: list[Run] = []
        self._made = 0

    def state(self, pod: dict[str, Any]) -> PodState:
        """Start a pod whose template is new, and say how its template's pods are."""
        meta = pod["metadata"]
        key = f"{meta['namespace']}/{meta.get('labels', {}).get(_TEMPLATE_LABEL) or meta['uid']}"
        group = self._groups.get(key)
        if group is None:
            self._made += 1
            run = Run(pod, self._directory / str(self._made), self._mount_claim, self._identify)
            group = self._groups[key] = _Group(run, {})
            run.start()
        group.members[meta["uid"]] = (meta["namespace"], meta["name"])
        return group.run.state

    def keep(self, uids: set[str]) -> None:
        """End the processes that no pod is left of."""
        for key, group in list(self._groups.items()):
            group.members = {uid: names for uid, names in group.members.items() if uid in uids}
            if not group.members:
                del self._groups[key]
                group.run.end()
                self._ending = [run for run in [*self._ending, group.run] if run.ends]

    def close(self) -> None:
        """End all processes at once."""
        runs = [*(group.run for group in self._groups.values()), *self._ending]
        self._groups, self._ending = {}, []
        for run in runs:
            run.stop()

    def log(self, namespace: str, pod: str, container: str, previous: bool) -> str | None:
        """Return a container's log; None where it has none."""
        for group in list(self._groups.values()):
            if (namespace, pod) in group.members.values():
                return group.run.log(container, previous)
        return None


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
        self._restarts: Counter[str] = Counter()
        self._ended: dict[str, Ended] = {}
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"pod {self._name}")
        self._end = threading.Thread(target=self._terminate, daemon=True, name=f"end of pod {self._name}")

    def start(self) -> None:
        """Begin, and return at once."""
        self._directory.mkdir(parents=True)
        self._thread.start()

    @property
    def ends(self) -> bool:
        """Tells whether its server still answers what it has accepted."""
        return self._end.is_alive()

    def end(self) -> None:
        """End it as a kubelet does, and return at once: SIGTERM, and SIGKILL when the grace period is over.

        A server with a hook before its end is killed at once: the stand-in has nothing to answer then.
        """
        (server, *_) = self._pod["spec"]["containers"]
        if self.state.initialized and self._child and "preStop" not in server.get("lifecycle", {}):
            self._end.start()
        else:
            self.stop()

    def stop(self) -> None:
        """End it at once."""
        with self._lock:
            self._stopped.set()
            if self._child:
                self._child.stop()
        self._thread.join(30)
        shutil.rmtree(self._directory, ignore_errors=True)

    def log(self, container: str, previous: bool) -> str | None:
        """Return a container's log; None where it has none."""
        path = self._log(container)
        path = path.with_suffix(".previous") if previous else path
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None

    def _terminate(self) -> None:
        with self._lock:
            self._stopped.set()
            child = self._child
        if child:
            child.end(float(self._pod["spec"].get("terminationGracePeriodSeconds", 30)))
        self.stop()

    def _log(self, container: str) -> Path:
        return self._directory / f"{container}.log"

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
        child = self._started(container, initialized=False)
        if child is None:
            return False
        if child.wait() == 0:
            return True
        self._crashed(container, child, initialized=False)
        return False

    def _serve(self, container: dict[str, Any]) -> None:
        child = self._started(container, initialized=True)
        if child is None:
            return
        name, probe = container["name"], container["readinessProbe"]
        port, path = self._root.port(container, probe["httpGet"]["port"]), probe["httpGet"]["path"]
        threshold = misses = int(probe.get("failureThreshold", 3))
        ports = {port["name"]: self._root.port(container, port["name"]) for port in container["ports"]}
        annotations = tuple((ADDRESS_ANNOTATION.format(port=name), f"127.0.0.1:{ports[name]}") for name in ports)
        while child.code() is None and not self._stopped.wait(_PROBE_SECONDS):
            problem = _probe(f"http://127.0.0.1:{port}{path}", float(probe.get("timeoutSeconds", 1)))
            misses = misses + 1 if problem else 0
            self._report(
                PodState(
                    misses < threshold,
                    restarts=self._restarts[name],
                    annotations=annotations,
                    container=name,
                    ended=self._ended.get(name),
                    unhealthy=problem,
                )
            )
        self._crashed(container, child, initialized=True)

    def _crashed(self, container: dict[str, Any], child: Child, *, initialized: bool) -> None:
        name, code = container["name"], child.wait()
        self._restarts[name] += 1
        self._ended[name] = Ended(code if code >= 0 else 128 - code, _tail(child.log))
        meta = self._pod["metadata"]
        message = (
            f"back-off {_RETRY_SECONDS:.0f}s restarting failed container={name} "
            f"pod={meta['name']}_{meta['namespace']}({meta['uid']})"
        )
        self._report(
            PodState(
                False,
                "CrashLoopBackOff",
                message,
                initialized=initialized,
                restarts=self._restarts[name],
                container=name,
                ended=self._ended[name],
            )
        )

    def _started(self, container: dict[str, Any], *, initialized: bool) -> Child | None:
        waiting = ""
        while problem := pull_problem(container["image"], waiting):
            waiting, message = problem
            self._report(PodState(False, waiting, message, initialized=initialized, container=container["name"]))
            if self._stopped.wait(_RETRY_SECONDS):
                return None
        log = self._log(container["name"])
        if log.is_file():
            log.replace(log.with_suffix(".previous"))
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY / "lab" / "stand_ins"),
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
        if state.message and (state.waiting, state.ended) != (self.state.waiting, self.state.ended):
            log = f"\n{state.ended.log}" if state.ended else ""
            _log.info("pod %s: %s: %s%s", self._name, state.waiting, state.message, log)
        self.state = state


def _problem(pod: dict[str, Any]) -> str:
    server, *others = pod["spec"]["containers"]
    commands = all("command" in container for container in [server, *pod["spec"].get("initContainers", [])])
    if not others and commands and "ports" in server and "httpGet" in server.get("readinessProbe", {}):
        return ""
    return "only pods with a command in each container, and one server with ports and an HTTP readiness probe, run here"


def _probe(address: str, timeout: float) -> str:
    """Return what a probe got instead of a good answer, in kubelet's words; empty where it got one."""
    try:
        with urllib.request.urlopen(address, timeout=timeout):  # noqa: S310 - a port of this machine
            return ""
    except urllib.error.HTTPError as error:
        return f"HTTP probe failed with statuscode: {error.code}"
    except urllib.error.URLError as error:
        return f'Get "{address}": {error.reason}'
    except OSError as error:
        return f'Get "{address}": {error}'


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace").strip()[-4000:]
