"""Takes what a hostile model could use away from the job's process, and becomes that process.

`python -m tensorflow_optimizer.supervision.isolate`, started by `supervise` with the worker's arguments. A model is a
program: what it runs as has another user, no credentials in its environment, no network, and only the files of its job.
Each layer is independent, and says whether it is on: machines differ in what they allow.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..processes.progress_events import VARIABLE
from .arguments import read_arguments
from .other_user import become_other_user, readable_python, unreadable
from .output import made_in
from .restrictions import refuse_system_calls, restrict_files, without_network

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

ON = "on"
#: Of the optimizer's own programs, where they are elsewhere than in the repository's layout.
_PROGRAMS = ("TENSORFLOW_OPTIMIZER_HANDLER", "TENSORFLOW_OPTIMIZER_NATIVE_PROGRAM")
_KEPT = {
    "PATH", "LANG", "TZ", "TERM", "COLUMNS", "TMPDIR", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", VARIABLE, *_PROGRAMS,
}  # fmt: skip
_KEPT_PREFIXES = ("LC_", "PYTHON", "TF_", "KERAS_", "OMP_", "MKL_", "XLA_")


def isolate(given: argparse.Namespace) -> tuple[dict[str, str], str, dict[str, str]]:
    """Isolate this process, as far as the machine allows.

    Args:
        given: The worker's arguments.

    Returns:
        The state of each layer by its name, the interpreter to become, and its environment.
    """
    environment = _environment(given.work)
    python, paths = sys.executable, [path for path in sys.path if path and Path(path).exists()]
    layers = {"environment": ON, "network": _state(without_network)}
    problem, compiled = _why_same_user(given, paths), _is_compiled()
    if not problem:
        python, library = readable_python(given.layers.parent)
        if library:
            environment["LD_LIBRARY_PATH"] = library
            paths = [path for path in paths if not Path(path).is_relative_to(sys.base_prefix)]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    inputs = _inputs(given)
    root = Path(__file__).resolve().parents[4]
    stated = [os.environ[name] for name in _PROGRAMS if name in os.environ]
    programs = [
        *paths,
        *stated,
        sys.prefix,
        sys.base_prefix,
        Path(os.__file__).resolve().parents[2],  # an installation may be made of links to another one
        given.layers.parent,
        root / "runtime",
        root / "server/dist",
    ]
    layers["files"] = _state(lambda: restrict_files([*inputs, *programs], [given.output, given.work]))
    layers["system calls"] = _state(refuse_system_calls)
    changed = [given.work, given.output, *made_in(given.output)]
    layers["user"] = f"off: {problem}" if problem else _state(lambda: become_other_user(changed))
    if not compiled and ON in (layers["files"], layers["user"]):
        environment["PYTHONPYCACHEPREFIX"] = str(given.work / "bytecode")
    return layers, python, environment


def _inputs(given: argparse.Namespace) -> list[Path]:
    """Return what the job reads. A model in the cache of a hub is a directory of links; a downloaded one has none."""
    paths = (given.config, given.source, given.evaluation, given.serving, *given.student)
    named = [path for path in paths if path is not None]
    links = [path for tree in named for path in tree.rglob("*") if path.is_symlink() and path.exists()]
    return [*named, *(link.resolve() for link in links)]


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    return {**kept, "HOME": str(home)}


def _why_same_user(given: argparse.Namespace, paths: list[str]) -> str:
    """Return why the job keeps its user; empty if it gets another one."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root can start it as another user"
    code = [Path(path) for path in paths if not Path(path).is_relative_to(sys.base_prefix)]
    path = unreadable([*code, given.output.parent, given.work.parent, given.layers.parent], _inputs(given))
    return f"other users cannot read {path}" if path else ""


def _is_compiled() -> bool:
    """Say whether the packages have their bytecode. An isolated process cannot write it beside them.

    To compile TensorFlow takes ten seconds.
    """
    tensorflow = find_spec("tensorflow")
    return tensorflow is None or not tensorflow.origin or Path(cache_from_source(tensorflow.origin)).exists()


def _state(layer: Callable[[], None]) -> str:
    try:
        layer()
    except Exception as error:  # packages and kernels differ in how they say that they cannot
        return f"off: {error}"
    return ON


def main(arguments: list[str]) -> None:
    """Isolate this process, write the layers, and become the worker."""
    given = read_arguments(arguments)
    with given.layers.open("w", encoding="utf-8") as file:  # before other users' rights hold
        layers, python, environment = isolate(given)
        json.dump(layers, file)
    os.execve(python, [python, "-m", "tensorflow_optimizer.supervision.worker", *arguments], environment)  # noqa: S606 - our own module


if __name__ == "__main__":
    main(sys.argv[1:])
