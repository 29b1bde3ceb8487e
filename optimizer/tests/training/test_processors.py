"""Training makes the same model whatever the number of processors, so that a laptop decides as a build does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from processes import IMPORTABLE
from tensorflow_optimizer.sandbox import ALLOW_ROOT

EXAMPLE = Path(__file__).parents[3] / "examples" / "digits"
PROCESSORS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def trained(directory: Path, processors: list[int], **variables: str) -> bytes:
    """Train a student by the command on these processors, and return its file."""
    # A process inherits the processors of the one that starts it, and the command starts others.
    program = (
        "import os, sys; os.sched_setaffinity(0, map(int, sys.argv[1].split(','))); "
        "os.execv(sys.executable, [sys.executable, '-m', 'tensorflow_optimizer', *sys.argv[2:]])"
    )
    arguments = ["optimize", str(EXAMPLE / "saved_model"), "--data", str(EXAMPLE / "evaluation.npz")]
    step = ["--step", "distillation:size=small,epochs=1", "--max-accuracy-loss", "0.95"]
    subprocess.run(
        [
            *(sys.executable, "-c", program, ",".join(map(str, processors))),
            *(*arguments, *step, "--out", str(directory)),
        ],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": IMPORTABLE, ALLOW_ROOT: "1", **variables},
    )
    return (directory / "model" / "model.tflite").read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(len(PROCESSORS) < 2, reason="several processors are compared with one")
def test_one_processor_trains_the_student_that_several_train(tmp_path: Path) -> None:
    several = trained(tmp_path / "several", PROCESSORS)
    assert trained(tmp_path / "one", PROCESSORS[:1], TF_NUM_INTRAOP_THREADS="1") == several
