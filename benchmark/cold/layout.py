"""Lays out what Lambda would mount: /var/task, the two runtime layers and the model layer, bytecode compiled."""

from __future__ import annotations

import os
import py_compile
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HANDLER = REPOSITORY / "python" / "handler" / "src"
OPTIMIZER = REPOSITORY / "python" / "optimizer"
HANDLERS = Path(__file__).resolve().parent / "handlers"
# What the numpy layer keeps of LiteRT's package; lib/function/runtime-layer-contents.ts is the original of this list.
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
    """Where everything is."""

    task: Path
    """The shipped handler: index.py and model_server."""
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
    """Where TensorFlow's bytecode goes."""


def lay_out(root: Path) -> Layout:
    """Copy the files to `root` and compile them as the bundling does."""
    import ai_edge_litert

    installed = Path(ai_edge_litert.__file__).parents[1]
    layout = Layout(
        task=root / "task",
        plain=root / "plain",
        library=root / "opt-nano" / "lib" / "libLiteRt.so",
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
        # As in the layers: /opt is read-only, and unchecked bytecode does not care for the dates that a ZIP gives.
        subprocess.run(  # noqa: S603 - our own command
            [interpreter(), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(directory)],
            check=True,
        )
    return layout


def interpreter() -> str:
    """Return the Python itself: a virtual environment's own start-up files are not part of Lambda."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def optimize(saved_model: Path, evaluation: Path, root: Path) -> tuple[Path, str]:
    """Run the optimizer as a deployment does and return the model directory and the candidate that it chose."""
    job = root / "job.json"
    job.write_text(JOB, encoding="utf-8")
    output = root / "optimized"
    subprocess.run(  # noqa: S603 - our own command
        [
            sys.executable,
            *("-m", "tensorflow_optimizer", "run", "--config", str(job), "--source", str(saved_model)),
            *("--evaluation", str(evaluation), "--output", str(output)),
        ],
        env={**os.environ, "PYTHONPATH": str(OPTIMIZER / "src"), "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    sys.path.insert(0, str(OPTIMIZER / "src"))
    from tensorflow_optimizer.draft import describe, read_draft

    draft = read_draft(output)
    directory = output / "model"
    (directory / "model.json").write_text(describe(draft, 1).to_json(), encoding="utf-8")
    return directory, draft.candidate


JOB = """{
  "schemaVersion": 1, "model": "digits", "format": "litert",
  "source": {"packaging": "zip", "identity": {"digest": "0"}, "tags": ["serve"], "stateful": "refuse"},
  "evaluation": {"packaging": "file", "fileName": "evaluation.npz", "identity": {"digest": "0"}},
  "tasks": {}, "recipe": {"kind": "forLambda", "steps": []}, "seed": 0, "architecture": "x86_64",
  "toolchain": {"behaviorVersion": 2, "tensorflow": "2.20.0", "litert": "2.3.0"}
}
"""
