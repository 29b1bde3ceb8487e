"""The bytes that the optimizer makes. Another digest for the same job means that BEHAVIOR_VERSION must be raised."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from processes import IMPORTABLE
from tensorflow_optimizer.documents.job import BEHAVIOR_VERSION
from tensorflow_optimizer.sandbox import ALLOW_ROOT

FIXTURE = Path(__file__).parents[1] / "fixtures" / "golden_digests.json"

#: Program for a process of its own: TensorFlow numbers its functions, and counts on within a process.
_PROGRAM = """
import importlib, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import conftest
importlib.import_module("tensorflow_optimizer.pipeline.run").Sandbox = conftest._sandbox_of_a_job
from sample_jobs import Runs
from sample_models import SampleModels
root = Path(sys.argv[2])
models, runs = SampleModels(root / "models"), Runs(root)
quantization = {"step": "quantization"}
for mode in ("float16", "dynamicRange"):
    runs(models.dense, recipe={"kind": "steps", "steps": [{**quantization, "mode": mode}]})
runs(models.dense, recipe="none")
runs(models.dense, models.labelled, recipe={"kind": "steps", "steps": [{**quantization, "mode": "fullInteger"}]})
runs(models.dense, recipe="forServing", format="saved_model")
runs(models.two_inputs, recipe={"kind": "steps", "steps": [{"step": "freeze"}]}, format="saved_model")
mixed = {**quantization, "mode": "mixed", "operations": {"*": "dynamic_wi8_afp32"}}
runs(models.tflite, models.labelled, recipe={"kind": "steps", "steps": [mixed]})
"""
_NAMES = ("float16", "dynamicRange", "float32", "fullInteger", "strip", "freeze", "mixed")


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the digests were taken on x86_64")
def test_the_same_jobs_make_the_bytes_of_this_behavior_version(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _PROGRAM, str(Path(__file__).parents[1]), str(tmp_path)]
    subprocess.run(
        command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": IMPORTABLE, ALLOW_ROOT: "1"}
    )
    made = {name: _digest(tmp_path / f"out-{number}" / "model") for number, name in enumerate(_NAMES, start=1)}
    golden = json.loads(FIXTURE.read_text(encoding="utf-8"))
    assert (golden["behaviorVersion"], golden["digests"]) == (BEHAVIOR_VERSION, made), (
        "the optimizer makes other bytes of the same jobs: raise BEHAVIOR_VERSION and take over the new digests"
    )


def _digest(directory: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(directory.rglob("*")):
        if file.is_file():
            digest.update(file.relative_to(directory).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
