"""Isolation of the job's process, in which a model is a program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sample_jobs import STRIP, job_data
from sample_users import is_root
from tensorflow_optimizer.documents.draft import read_draft
from tensorflow_optimizer.documents.manifest import Runtime
from tensorflow_optimizer.documents.outcome import Outcome
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.proof.native_program import find_program
from tensorflow_optimizer.sandbox.layers import LAYERS
from tensorflow_optimizer.supervision import supervise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sample_models import SampleModels

SECRET = "not-for-models"
needs_root = pytest.mark.skipif(not is_root, reason="only root may start a process as another user, without network")


@pytest.fixture
def place() -> Iterator[Path]:
    """Yield a directory that other users can read, as that of a build is; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        path.chmod(0o755)
        yield path


@pytest.mark.own_process
@needs_root
def test_a_whole_job_needs_nothing_that_is_taken_away(place: Path, models: SampleModels) -> None:
    """The native program and the function's own code answer as they do outside."""
    shutil.copytree(models.dense, place / "model")
    (place / "model" / "dangling").symlink_to(place / "nowhere")  # nothing of the model
    (place / "job.json").write_text(json.dumps(job_data()))

    outcome = supervise.supervise(place / "job.json", place / "model", None, place / "out")

    assert outcome.exit_code is ExitCode.DONE, outcome.sentence
    assert outcome.isolation == dict.fromkeys(LAYERS, "on")
    draft = read_draft(place / "out")
    native = find_program() is not None
    assert draft.requirements.runtime is (Runtime.NATIVE if native else Runtime.NUMPY), draft.requirements
    assert {path.stat().st_uid for path in (place / "out").rglob("*")} == {0}


def hostile_model(place: Path, secret: Path) -> Path:
    """Save a model whose answer contains the content of a file."""
    import tensorflow as tf

    class Hostile(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
        def __call__(self, x: Any) -> Any:
            stolen = tf.cast(tf.io.decode_raw(tf.io.read_file(str(secret)), tf.uint8), tf.float32)
            return {"y": x + stolen[:2]}

    module = Hostile()
    tf.saved_model.save(module, str(place / "hostile"), signatures=module.__call__)
    return place / "hostile"


@pytest.mark.slow
@pytest.mark.own_process
@needs_root
@pytest.mark.fault
@pytest.mark.parametrize("target", ["private", "/proc/self/environ of the job's parent"])
def test_a_hostile_model_reads_neither_files_nor_the_environment_of_others(
    place: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    secret = place / "private" if target == "private" else Path(f"/proc/{os.getpid()}/environ")
    if target == "private":
        secret.write_text(SECRET)
        secret.chmod(0o600)
    data = job_data({"allowedOperations": ["ReadFile"]}, format="saved_model", recipe=STRIP)
    model, config = hostile_model(place, secret), place / "job.json"
    config.write_text(json.dumps(data))
    config.chmod(0o644)

    outcome = supervise.supervise(config, model, None, place / "out")

    assert outcome.isolation == dict.fromkeys(LAYERS, "on")
    assert outcome.exit_code is not ExitCode.DONE
    assert "ermission" in outcome.sentence
    # The same attack succeeds where nothing isolates it.
    answer = tf.saved_model.load(str(model)).signatures["serving_default"](x=tf.zeros([1, 2]))
    assert bytes(answer["y"].numpy()[0].astype("uint8")) == secret.read_bytes()[:2]


@pytest.mark.own_process
@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("RecursionError('too deep')", "the optimizer failed unexpectedly (RecursionError: too deep)"),
        ("MemoryError()", "the job ran out of memory"),
        ("OSError(28, 'No space left on device')", "the job ran out of disk space"),
    ],
)
def test_no_error_of_the_supervisor_leaves_a_model(
    error: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise eval(error)

    output = tmp_path / "out"
    program = (
        "import pathlib, sys; out = pathlib.Path(sys.argv[3])\n"
        "(out / 'model').mkdir(); (out / 'model' / 'model.tflite').write_text('x')\n"
        "(out / 'draft.json').write_text('{}')\n"
        '(out / \'outcome.json\').write_text(\'{"exitCode": 0, "sentence": ""}\')'
    )
    original = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda command, **how: original([sys.executable, "-c", program, *command[3:]], **how)
    )
    monkeypatch.setattr(supervise, "_refuse_another_server", lambda *_: None)
    monkeypatch.setattr(supervise, "key_draft", fail)
    (tmp_path / "job.json").write_text(json.dumps(job_data()))
    (tmp_path / "source").mkdir()

    outcome = supervise.supervise(tmp_path / "job.json", tmp_path / "source", None, output)

    assert outcome.exit_code is ExitCode.FAILED
    assert said in outcome.sentence
    assert outcome == Outcome.model_validate_json((output / "outcome.json").read_bytes())
    assert sorted(path.name for path in output.iterdir()) == ["outcome.json"]


@pytest.mark.own_process
def test_an_outcome_of_a_process_that_failed_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import pathlib, sys; out = pathlib.Path(sys.argv[3])\n"
        '(out / \'outcome.json\').write_text(\'{"exitCode": 0, "sentence": ""}\'); sys.exit(1)'
    )
    original = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda command, **how: original([sys.executable, "-c", program, *command[3:]], **how)
    )
    (tmp_path / "job.json").write_text(json.dumps(job_data()))
    (tmp_path / "source").mkdir()

    outcome = supervise.supervise(tmp_path / "job.json", tmp_path / "source", None, tmp_path / "out")

    assert outcome.exit_code is ExitCode.FAILED
    assert outcome.sentence.startswith("the job ended without an outcome (code 1)")


@pytest.mark.own_process
def test_the_process_of_a_job_has_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import json, os, pathlib, sys\n"
        f"pathlib.Path({str(tmp_path / 'environment')!r}).write_text(json.dumps(dict(os.environ)))"
    )
    original = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda command, **how: original([sys.executable, "-c", program, *command[3:]], **how)
    )
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "TOKEN"):
        monkeypatch.setenv(name, SECRET)
    (tmp_path / "job.json").write_text(json.dumps(job_data()))
    (tmp_path / "source").mkdir()

    supervise.supervise(tmp_path / "job.json", tmp_path / "source", None, tmp_path / "out")

    assert SECRET not in (tmp_path / "environment").read_text()
