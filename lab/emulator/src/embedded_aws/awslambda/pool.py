"""Keeps execution environments warm, each for exactly one state of one version of a function."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda.custom_runtime import CustomRuntimeWorker
from embedded_aws.awslambda.environment import function_environment
from embedded_aws.awslambda.worker import Outcome, Worker
from embedded_aws.host.namespaces import SANDBOX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.awslambda.code import Layouts
    from embedded_aws.settings import Settings

# Everything of a configuration that shapes the process. A worker made for other values is never used again.
_SHAPING = ("Runtime", "Handler", "CodeSha256", "Layers", "Environment", "MemorySize", "Timeout", "Version", "Role")

_HIDDEN = ["/sys/devices/system/cpu"]
"""Directories that functions on arm64 find empty. AWS does not have them there: pytorch/cpuinfo#76."""


@dataclass(frozen=True)
class Key:
    """Identifies the workers that may answer an event.

    Attributes:
        account: of the function.
        region: of the function.
        name: of the function.
        version: `$LATEST` or a number.
        state: a digest of the configuration, the code and the layers.
    """

    account: str
    region: str
    name: str
    version: str
    state: str


class Pool:
    """The execution environments of all functions."""

    def __init__(self, settings: Settings, layouts: Layouts, node_bootstrap: str) -> None:
        self._settings = settings
        self._layouts = layouts
        self._node_bootstrap = node_bootstrap
        self._idle: dict[Key, list[Worker]] = {}
        self._busy: dict[int, tuple[Key, Worker]] = {}
        self._retired: set[int] = set()
        self._lock = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def lease(self, config: dict[str, Any], code: bytes, layers: list[bytes]) -> Iterator[Worker | Outcome]:
        """Lends a worker that has loaded this very version of the function, or says why it does not load."""
        key = _key(config, code, layers)
        with self._lock:
            if self._closed:
                raise RuntimeError("the embedded AWS is stopping")
            idle = self._idle.get(key)
            worker = idle.pop() if idle else None
            if worker:
                self._busy[id(worker)] = (key, worker)
        if worker is None:
            worker = self._make(config, code, layers)
            failure = self._start(key, worker)
            if failure:
                yield failure
                return
        try:
            yield worker
        finally:
            self._give_back(key, worker)

    def provision(self, config: dict[str, Any], code: bytes, layers: list[bytes], count: int) -> Outcome | None:
        """Starts environments of a version ahead of its invocations.

        Returns:
            None when all are ready, else how loading failed.
        """
        key = _key(config, code, layers)
        for _ in range(count):
            worker = self._make(config, code, layers, "provisioned-concurrency")
            failure = self._start(key, worker)
            if failure:
                return failure
            self._give_back(key, worker)
        return None

    def retire(self, name: str, version: str | None, account: str | None, region: str | None) -> None:
        """Ends the workers of a function that changed or went; one that is answering finishes first, as on AWS."""

        def matches(key: Key) -> bool:
            return (
                key.name == name
                and version in {None, key.version}
                and account in {None, key.account}
                and region in {None, key.region}
            )

        with self._lock:
            gone = [key for key in self._idle if matches(key)]
            workers = [worker for key in gone for worker in self._idle.pop(key)]
            self._retired.update(number for number, (key, _) in self._busy.items() if matches(key))
        for worker in workers:
            self._discard(worker)

    def close(self) -> None:
        """Ends every worker, answering or not."""
        with self._lock:
            self._closed = True
            workers = [worker for idle in self._idle.values() for worker in idle]
            workers += [worker for _, worker in self._busy.values()]
            self._idle.clear()
        for worker in workers:
            worker.stop()

    def _start(self, key: Key, worker: Worker) -> Outcome | None:
        """Starts a worker as a busy one; a worker that does not load is discarded, and the failure returned."""
        with self._lock:
            self._busy[id(worker)] = (key, worker)
        try:
            failure = worker.start()
        except BaseException:
            self._discard(worker)
            raise
        if failure:
            self._discard(worker)
        return failure

    def _give_back(self, key: Key, worker: Worker) -> None:
        with self._lock:
            self._busy.pop(id(worker), None)
            keep = id(worker) not in self._retired and worker.alive and not self._closed
            self._retired.discard(id(worker))
            if keep:
                self._idle.setdefault(key, []).append(worker)
        if not keep:
            self._discard(worker)

    def _discard(self, worker: Worker) -> None:
        with self._lock:
            self._busy.pop(id(worker), None)
            self._retired.discard(id(worker))
        worker.stop()
        shutil.rmtree(worker.directory, ignore_errors=True)

    def _make(
        self, config: dict[str, Any], code: bytes, layers: list[bytes], initialization: str = "on-demand"
    ) -> Worker:
        runtime = config["Runtime"]
        layout = self._layouts.layout(runtime, code, layers)
        directory = Path(tempfile.mkdtemp(prefix="environment-", dir=self._settings.subdirectory("environments")))
        for name in ("root", "tmp"):
            (directory / name).mkdir()
        (directory / "tmp").chmod(0o1777)
        binds = [(layout.task, "/var/task"), (layout.opt, "/opt"), (self._layouts.runtime, "/var/runtime")]
        if self._settings.node_modules:
            binds.append((self._settings.node_modules, "/var/runtime/node_modules"))
        if layout.bootstrap:
            command = [layout.bootstrap]
        elif runtime.startswith("nodejs"):
            (directory / "bootstrap.js").write_text(self._node_bootstrap, encoding="utf-8")
            binds.append((directory, "/var/lang/bootstrap"))
            command = [str(layout.interpreter), "/var/lang/bootstrap/bootstrap.js"]
        else:
            # -S: what happens to be installed in the host's Python is not part of a function.
            command = [str(layout.interpreter), "-S", "-s", "/var/runtime/bootstrap.py"]
        specification = {
            "root": str(directory / "root"),
            "binds": [[str(source), target] for source, target in binds],
            "links": {f"/var/lang/bin/{name}": source for name, source in layout.links.items()},
            "hidden": _HIDDEN if config.get("Architectures") == ["arm64"] else [],
            "tmp": str(directory / "tmp"),
            "keep": [*self._layouts.kept, *([str(layout.interpreter.parents[1])] if layout.interpreter else [])],
            "cwd": "/var/task",
            "command": command,
        }
        module, _, handler = config["Handler"].rpartition(".")
        first_line = {
            "code_dir": "/var/task",
            "module": module,
            "handler": handler,
            "env": {},
            "function_name": config["FunctionName"],
            "memory": config["MemorySize"],
            "arn": config["FunctionArn"],
        }
        environment = function_environment(config, self._settings, initialization)
        made = CustomRuntimeWorker if layout.bootstrap else Worker
        return made(specification, environment, first_line, SANDBOX, directory)


def _key(config: dict[str, Any], code: bytes, layers: list[bytes]) -> Key:
    account, region = config["FunctionArn"].split(":")[4], config["FunctionArn"].split(":")[3]
    shape = json.dumps({name: config.get(name) for name in _SHAPING}, sort_keys=True, default=str)
    digest = hashlib.sha256(shape.encode())
    for data in (code, *layers):
        digest.update(hashlib.sha256(data).digest())
    return Key(account, region, config["FunctionName"], config["Version"], digest.hexdigest())
