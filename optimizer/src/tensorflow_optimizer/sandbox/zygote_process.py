"""The judge's side of the zygote: it starts the process, in a clean environment, and asks it for leaves."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import cdk_tensorflow_shared

from . import linux
from .removal import remove_tree
from .user import closed, readable_python
from .zygote import send_request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

#: Modules that leaves have imported when they start, on Linux. Elsewhere a library may not survive a fork.
PRELOADED = ("tensorflow", "keras", "ai_edge_litert.interpreter")
#: Variables with the paths of the optimizer's own programs, where they are not in the repository's layout.
_PROGRAMS = ("TENSORFLOW_OPTIMIZER_HANDLER", "TENSORFLOW_OPTIMIZER_NATIVE_PROGRAM")
_KEPT = {"PATH", "LANG", "TZ", "TERM", "COLUMNS", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", *_PROGRAMS}
_KEPT_PREFIXES = ("LC_", "PYTHON", "TF_", "KERAS_", "OMP_", "MKL_", "XLA_")


class Zygote:
    """A process that leaves are forks of. Several sandboxes may share it; a context manager."""

    def __init__(self, modules: Sequence[str] = PRELOADED) -> None:
        """Start it. It imports the modules meanwhile, which takes seconds.

        Args:
            modules: What leaves have imported when they start.
        """
        self._directory = Path(tempfile.mkdtemp(prefix="optimizer-zygote-"))
        self._directory.chmod(0o755)
        paths = [path for path in _importable() if Path(path).exists()]
        self.why_same_user = _why_same_user(self._directory, paths)
        """Reason why leaves keep their user; empty if each gets another one."""
        child, python = self._environment(), sys.executable
        if not self.why_same_user:
            python, library = readable_python(self._directory)
            if library:
                child["LD_LIBRARY_PATH"] = library
                paths = [path for path in paths if not Path(path).is_relative_to(sys.base_prefix)]
        child["PYTHONPATH"] = os.pathsep.join(paths)
        self.readable = [*map(Path, paths), *self._programs()]
        """Paths that leaves may read beside the files of the system and of the job."""
        self.forks = linux.is_linux()
        """True: a leaf is a fork; false: each imports what it needs."""
        self._control, theirs = socket.socketpair()
        self._asking = threading.Lock()
        with theirs:
            names = modules if self.forks else ()
            self._process = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
                [
                    python,
                    "-P",
                    "-m",
                    "tensorflow_optimizer.sandbox",
                    "zygote",
                    str(os.getpid()),
                    str(theirs.fileno()),
                    *names,
                ],
                env=child,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, content: dict[str, Any], descriptors: dict[str, int]) -> None:
        """Ask for a leaf. It starts when the zygote has imported its modules; from several threads.

        Raises:
            OSError: The zygote has ended.
        """
        with self._asking:
            send_request(self._control, content, descriptors)

    def close(self) -> None:
        """End it. Leaves end when their own sockets are closed. The second time does nothing."""
        self._control.close()
        self._process.kill()  # it may be importing, and holds nothing
        self._process.wait()
        remove_tree(self._directory)

    def _environment(self) -> dict[str, str]:
        """Return the variables of all leaves: none that may hold credentials."""
        kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
        kept.update(dict.fromkeys(("HOME", "TMPDIR"), str(self._directory)), PYTHONFAULTHANDLER="1")
        if not _is_compiled():
            # Written by the zygote, which opens nothing, and only read by leaves.
            kept.pop("PYTHONDONTWRITEBYTECODE", None)
            kept["PYTHONPYCACHEPREFIX"] = str(self._directory / "bytecode")
        return kept

    def _programs(self) -> list[Path]:
        root = Path(__file__).resolve().parents[4]
        stated = [Path(os.environ[name]) for name in _PROGRAMS if name in os.environ]
        installed = Path(os.__file__).resolve().parents[2]  # an installation may be made of links to another one
        prefixes = [Path(sys.prefix), Path(sys.base_prefix), installed]
        return [*stated, *prefixes, self._directory, root / "runtime", root / "server/dist"]


def _importable() -> list[str]:
    """Return what leaves import from: the optimizer itself, and sys.path without what Python puts in front of it.

    That is the directory of whoever calls the optimizer, or of a script, and may hold anything.
    """
    roots = [str(Path(file).resolve().parents[1]) for file in (Path(__file__).parent, cdk_tensorflow_shared.__file__)]
    asked = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    script = getattr(sys.modules["__main__"], "__file__", None)
    callers = {Path.cwd(), *([Path(script).resolve().parent] if script else [])}
    others = [path for path in filter(None, sys.path) if path in asked or Path(path).resolve() not in callers]
    return list(dict.fromkeys([*roots, *others]))


def _why_same_user(directory: Path, paths: Sequence[str]) -> str:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root can start it as another user"
    code = [Path(path) for path in paths if not Path(path).is_relative_to(sys.base_prefix)]
    unreadable_path = next(filter(None, map(closed, [*code, directory])), None)
    return f"other users cannot read {unreadable_path}" if unreadable_path else ""


def _is_compiled() -> bool:
    """Say whether the packages have their bytecode. To compile TensorFlow takes ten seconds."""
    tensorflow = find_spec("tensorflow")
    return tensorflow is None or not tensorflow.origin or Path(cache_from_source(tensorflow.origin)).exists()
