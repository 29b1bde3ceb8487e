"""Each command imports what it needs, and `inspect` no TensorFlow for models that are no Keras files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tensorflow_optimizer.command_line.app import COMMANDS

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
WEATHER = Path(__file__).parents[3] / "examples" / "weather"
#: Modules that only some commands need, and the least that a command must leave out.
LEFT_OUT = {
    "inspect": {"numpy", "jinja2", "requests", "boto3", "tensorflow_optimizer.supervision"},
    "check": {"numpy", "jinja2", "requests", "boto3", "tensorflow_optimizer.supervision"},
    "report": {"numpy", "jinja2", "requests", "boto3", "tensorflow_optimizer.supervision"},
    "verify": {"numpy", "jinja2", "tensorflow_optimizer.supervision"},
}


def loaded(program: str) -> set[str]:
    known = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        env=known,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_program_imports_no_command_before_one_is_called() -> None:
    modules = loaded("import tensorflow_optimizer.command_line.app")
    of_commands = {f"tensorflow_optimizer.command_line.{place.partition(':')[0]}" for place in COMMANDS.values()}
    assert modules & {*of_commands, "pydantic", "numpy", "tensorflow"} == set()


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_command_imports_its_own_modules_only(name: str) -> None:
    modules = loaded(f"from tensorflow_optimizer.command_line.app import command; command({name!r})")
    assert f"tensorflow_optimizer.command_line.{COMMANDS[name].partition(':')[0]}" in modules
    assert modules & (LEFT_OUT[name] | {"tensorflow", "keras", "matplotlib"}) == set()


@pytest.mark.parametrize(
    ("model", "imports"), [(DIGITS / "model.tflite", False), (DIGITS / "saved_model", False), (WEATHER, True)]
)
def test_inspect_imports_tensorflow_for_keras_files_only(model: Path, imports: bool) -> None:
    known = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONPROFILEIMPORTTIME": "1",
        "TENSORFLOW_OPTIMIZER_ALLOW_ROOT": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tensorflow_optimizer", "inspect", str(model)],
        env=known,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "serving_default" in done.stdout
    # The processes that open models print their imports too: without these the next line would say nothing.
    assert imports or "tensorflow_optimizer.sources.tflite_file" in done.stderr
    assert ("tensorflow.python" in done.stderr) == imports
