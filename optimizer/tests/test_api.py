"""The functions for Python programs, of the wheel that `uv build` makes, in an environment that has it."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sample_models import FEATURES
from tensorflow_optimizer import api
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.sandbox import ALLOW_ROOT

if TYPE_CHECKING:
    from sample_models import SampleModels

REPOSITORY = Path(__file__).parents[2]
#: A program of somebody who has installed the wheel: a model and its data come as arguments.
PROGRAM = """
import json, sys
from tensorflow_optimizer import __file__, api

if __name__ == "__main__":
    model, data = sys.argv[1:]
    made = api.optimize(model, "out", data=data, steps=["dynamic-range"], name="sample")
    found = api.inspect(made.model / "model.tflite")
    compared = api.compare(model, made.model / "model.tflite", data)
    output, = compared.outputs
    print(json.dumps({
        "place": __file__,
        "chosen": [it.name for it in made.outcome.candidates if it.status == "chosen"],
        "files": [made.report.is_file(), made.job.is_file()],
        "inputs": {name: list(it.shape) for name, it in found.signatures[found.default_signature].inputs.items()},
        "sizes": [*compared.size_bytes, found.size_bytes],
        "agreement": compared.outputs[output][1].agreement,
        "interval": [*compared.latency_ratio_interval],
    }))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment with the wheel, which finds the packages of this one."""
    work = tmp_path_factory.mktemp("wheel")
    uv, environment = REPOSITORY / ".tools" / "uv" / "bin" / "uv", work / "environment"
    build = [uv, "build", "--quiet", "--wheel", "--out-dir", work, REPOSITORY / "optimizer"]
    subprocess.run(build, check=True, cwd=work)
    (wheel,) = work.glob("tensorflow_optimizer-*-py3-none-any.whl")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run([uv, "pip", "install", "--quiet", "--no-deps", "--python", python, wheel], check=True, cwd=work)
    (installed,) = environment.glob("lib/*/site-packages")
    (installed / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return python


@pytest.mark.own_process
def test_the_wheel_optimizes_inspects_and_compares(python: Path, models: SampleModels, tmp_path: Path) -> None:
    command = [python, "-c", PROGRAM, models.tflite, models.labelled]
    ended = subprocess.run(
        command, check=False, cwd=tmp_path, capture_output=True, text=True, env={"PATH": "/bin", ALLOW_ROOT: "1"}
    )
    assert ended.returncode == 0, ended.stderr
    said: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    assert said["place"].startswith(str(python.parents[1]))
    assert len(said["chosen"]) == 1
    assert said["files"] == [True, True]
    assert list(said["inputs"].values()) == [[1, FEATURES]]
    before, after, found = said["sizes"]
    assert after == found < before
    assert said["agreement"] > 0.9
    low, high = said["interval"]
    assert 0 <= low <= high


def test_what_is_wrong_is_an_error_with_the_command_lines_sentence(models: SampleModels, tmp_path: Path) -> None:
    with pytest.raises(api.OptimizerError, match="nowhere does not exist; give the path") as missing:
        api.inspect(tmp_path / "nowhere")
    assert missing.value.exit_code is ExitCode.BAD_INPUT
    with pytest.raises(api.OptimizerError, match="--search needs labels to decide by, and there is no --data"):
        api.optimize(models.tflite, tmp_path / "out", search=True)
    with pytest.raises(api.OptimizerError, match="there is no such step"):
        api.optimize(models.tflite, tmp_path / "out", steps=["shrink"])
    with pytest.raises(api.OptimizerError, match="not one that a job takes"):
        api.optimize(models.tflite, tmp_path / "out", name="a name with spaces")
    assert not (tmp_path / "out").exists()


def test_a_gate_that_nothing_passes_is_an_outcome_and_leaves_no_model(models: SampleModels, tmp_path: Path) -> None:
    made = api.optimize(models.tflite, tmp_path / "out", steps=["dynamic-range"], max_accuracy_loss=0.01)
    assert made.model is None
    assert made.outcome.exit_code is not ExitCode.DONE
    assert made.outcome.sentence
