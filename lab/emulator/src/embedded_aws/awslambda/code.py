"""Lays out what a function sees: its code, its layers, its runtime."""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
import threading
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.awslambda.archive import UnpackedArchives, merge
from embedded_aws.awslambda.custom_runtime import RUNTIME, bootstrap_of
from embedded_aws.awslambda.packages import substitute
from embedded_aws.host.pythons import HostPython, find_python, newest_python

if TYPE_CHECKING:
    from embedded_aws.settings import Settings

_log = logging.getLogger("embedded_aws.awslambda")

# Packages that Lambda's Python runtime adds to the standard library: boto3 and its dependencies. All pure Python.
_RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


class UnsupportedRuntimeError(ValueError):
    """A runtime that the embedded AWS does not run."""


@dataclass(frozen=True)
class Layout:
    """The directories and the interpreter of one function.

    Attributes:
        task: shown at /var/task.
        opt: shown at /opt.
        interpreter: the real executable; None where the function brings its own.
        links: what /var/lang/bin holds.
    """

    task: Path
    opt: Path
    interpreter: Path | None
    links: dict[str, str]
    bootstrap: str = ""
    """The path of the function's own executable, as the function sees it; empty for a managed runtime."""


class Layouts:
    """Makes layouts, each once.

    Attributes:
        runtime: shown at /var/runtime: the bootstraps and, for Python, boto3.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._archives = UnpackedArchives(settings.subdirectory("archives"))
        self._merged = settings.subdirectory("merged")
        self._lock = threading.Lock()
        # Prepare the runtime before functions start: two may start at the same time.
        self.runtime = self._runtime()

    def _runtime(self) -> Path:
        directory = self._settings.subdirectory("runtime")
        (directory / "node_modules").mkdir(exist_ok=True)
        shutil.copy2(Path(__file__).parent / "runtime" / "bootstrap.py", directory / "bootstrap.py")
        packages = directory / "packages"
        packages.mkdir(exist_ok=True)
        for name in _RUNTIME_PACKAGES:
            spec = find_spec(name)
            if spec and spec.origin:
                origin = Path(spec.origin)
                source = origin.parent if origin.name == "__init__.py" else origin
                (packages / source.name).symlink_to(source)
        return directory

    @cached_property
    def kept(self) -> list[str]:
        """Directories of the host that a function's interpreter reads, wherever they lie."""
        spec = find_spec("boto3")
        return [str(Path(spec.origin).parents[1])] if spec and spec.origin else []

    def layout(self, runtime: str, code: bytes, layers: list[bytes]) -> Layout:
        """The layout of a function.

        Args:
            runtime: `python3.13`, `nodejs22.x` or `provided.al2023`.
            code: the function's archive.
            layers: the archives of its layers, in order.

        Raises:
            UnsupportedRuntimeError: another one.
            EntrypointError: `provided.al2023` without an executable bootstrap.
        """
        if runtime.startswith("nodejs"):
            return self._node_layout(code, layers)
        if runtime == RUNTIME:
            task, opt = self._archives.directory_of(code), self._opt(layers)
            return Layout(task, opt, None, {}, bootstrap_of(task, opt))
        if not runtime.startswith("python3."):
            raise UnsupportedRuntimeError(
                f"the emulator does not support the runtime {runtime}: it runs python3.x, nodejs and {RUNTIME}"
            )
        minor = runtime.removeprefix("python")
        python = find_python(minor)
        if python is None:
            python = newest_python()
            _log.warning("this host has no Python %s: the function runs on %s", minor, python.minor)
            task, opt = self._substituted(runtime, code, layers, python)
        else:
            task, opt = self._archives.directory_of(code), self._opt(layers)
        names = ("python", "python3", f"python{python.minor}", f"python{minor}")
        return Layout(task, opt, python.executable, {name: str(python.executable) for name in names})

    def _node_layout(self, code: bytes, layers: list[bytes]) -> Layout:
        node = shutil.which("node")
        if node is None:
            raise UnsupportedRuntimeError("Node.js functions need node on the PATH, and there is none")
        path = Path(node).resolve()
        return Layout(self._archives.directory_of(code), self._opt(layers), path, {"node": str(path)})

    def _opt(self, layers: list[bytes]) -> Path:
        if len(layers) == 1:
            return self._archives.directory_of(layers[0])
        target = self._merged / _digest("opt", *layers)
        with self._lock:
            if not target.is_dir():
                partial = self._partial()
                merge([self._archives.directory_of(layer) for layer in layers], partial)
                partial.rename(target)
        return target

    def _substituted(self, runtime: str, code: bytes, layers: list[bytes], python: HostPython) -> tuple[Path, Path]:
        """Copies of the code and the layers, their compiled packages replaced by builds for another Python."""
        task, opt = self._archives.directory_of(code), self._opt(layers)
        copies = []
        for source, places in ((task, ["."]), (opt, ["python", f"python/lib/{runtime}/site-packages"])):
            target = self._merged / _digest(python.tag, runtime, source.name.encode())
            with self._lock:
                if not target.is_dir():
                    partial = self._partial()
                    shutil.copytree(source, partial, dirs_exist_ok=True, symlinks=True)
                    for place in places:
                        if (partial / place).is_dir():
                            replaced = substitute(partial / place, python, self._settings.cache_directory)
                            for requirement in replaced:
                                _log.info("%s: replaced by the host's build for Python %s", requirement, python.minor)
                    partial.rename(target)
            copies.append(target)
        return copies[0], copies[1]

    def _partial(self) -> Path:
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=self._merged))
        partial.chmod(0o755)
        return partial


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else hashlib.sha256(part).digest()
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()
