"""Lays out Lambda's directories: /var/task, the two runtime layers and the model layer, with compiled bytecode."""

from __future__ import annotations

import os
import py_compile
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmark.digits import HANDLER
from benchmark.running import native_program

HANDLERS = Path(__file__).resolve().parent / "handlers"
# Files of LiteRT's package in the numpy layer; keep in step with lib/function/runtime-layer-contents.ts.
LITERT_FILES = (
    "__init__.py",
    "interpreter.py",
    "metrics_interface.py",
    "metrics_portable.py",
    "_pywrap_litert_interpreter_wrapper.so",
    "libpywrap_litert_common.so",
)
CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py.py", "runtime_client.*.so")


@dataclass(frozen=True)
class Layout:
    """Paths of the layout."""

    task: Path
    """The shipped handler: index.py and model_server."""
    program: Path
    """The native program of Lambda's layer."""
    plain: Path
    """The handlers it is compared with."""
    library: Path
    packages: Path
    """The numpy layer's `python` directory."""
    client: Path
    """awslambdaric and what it needs."""
    starter: Path
    """start.py, compiled."""
    tensorflow: Path
    """site-packages with TensorFlow."""
    bytecode: Path
    """Directory for TensorFlow's bytecode."""


def lay_out(root: Path) -> Layout:
    """Copy the files to `root` and compile them as the bundling does."""
    import ai_edge_litert

    installed = Path(ai_edge_litert.__file__).parents[1]
    layout = Layout(
        task=root / "task",
        program=native_program("bootstrap"),
        plain=root / "plain",
        library=root / "opt-native" / "lib" / "libLiteRt.so",
        packages=root / "opt-numpy" / "python",
        client=root / "client",
        starter=root / "start.pyc",
        tensorflow=installed,
        bytecode=root / "bytecode",
    )
    py_compile.compile(str(HANDLERS.parent / "start.py"), str(layout.starter))
    ignore = shutil.ignore_patterns("__pycache__", "tests", "*.pyi", "*.a")
    shutil.copytree(HANDLER, layout.task, ignore=ignore)
    shutil.copytree(HANDLERS, layout.plain, ignore=ignore)
    layout.library.parent.mkdir(parents=True)
    shutil.copy(installed / "ai_edge_litert" / "libLiteRt.so", layout.library)
    (layout.packages / "ai_edge_litert").mkdir(parents=True)
    for name in LITERT_FILES:
        shutil.copy(installed / "ai_edge_litert" / name, layout.packages / "ai_edge_litert")
    for name in ("numpy", "numpy.libs"):
        shutil.copytree(installed / name, layout.packages / name, ignore=ignore)
    layout.client.mkdir()
    for pattern in CLIENT:
        for found in installed.glob(pattern):
            if found.is_dir():
                shutil.copytree(found, layout.client / found.name, ignore=ignore)
            else:
                shutil.copy(found, layout.client)
    for directory in (layout.task, layout.plain, layout.packages, layout.client):
        # Compile as the layers do: /opt is read-only, and unchecked bytecode ignores the dates in a ZIP.
        subprocess.run(  # noqa: S603 - our own command
            [interpreter(), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(directory)],
            check=True,
        )
    return layout


def interpreter() -> str:
    """Return the real interpreter: Lambda has no start-up files of a virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))
