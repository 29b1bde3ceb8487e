"""Knowledge of a job that the processes get that open models, and that the judge needs of them to decide."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from processes import IMPORTABLE
from sample_jobs import FLOAT16, gate, job_data
from tensorflow_optimizer.candidates import litert_builder
from tensorflow_optimizer.data import split
from tensorflow_optimizer.data.dataset import Dataset
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.outcome import CandidateStatus
from tensorflow_optimizer.pipeline import Paths, run
from tensorflow_optimizer.sandbox.streams import FrameStream

if TYPE_CHECKING:
    from pathlib import Path

    from sample_models import SampleModels
    from tensorflow_optimizer.sandbox import Frame

#: A judge that runs jobs and says which libraries it has imported.
JUDGE = """
import sys
from tensorflow_optimizer.supervision import worker
codes = [worker.main(job.split("|")) for job in sys.argv[1:]]
opened = [name for name in ("tensorflow", "keras", "ai_edge_litert", "litert_quantizer", "h5py") if name in sys.modules]
print("judged", codes, opened)
"""
STUDENT = {"step": "distillation", "student": {"size": "tiny"}, "epochs": 2, "augment": False}
LIMIT = 0.987654321


@dataclass
class Recorded:
    """Documents and arrays that the judge sent."""

    documents: list[Any] = field(default_factory=list)
    arrays: list[tuple[str, Any]] = field(default_factory=list)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """Record all frames that go to leaves. These have no such fixture, and record nothing."""
    found, send = Recorded(), FrameStream.send
    judge = os.getpid()

    def recording(stream: FrameStream, frame: Frame, deadline: float | None = None) -> None:
        if os.getpid() == judge:
            found.documents.append(frame.document)
            found.arrays += [(name, np.array(value)) for name, value in frame.arrays.items()]
        send(stream, frame, deadline)

    monkeypatch.setattr(FrameStream, "send", recording)
    return found


def data_of(path: Path) -> Dataset:
    with np.load(path) as found:
        return Dataset({"features": found["features"]}, batched=True, labels={"class": found["labels"]})


def test_labels_that_decide_and_the_gate_reach_no_process_that_opens_a_model(
    recorded: Recorded, models: SampleModels, tmp_path: Path
) -> None:
    job = Job.model_validate(
        job_data(
            recipe={"kind": "steps", "steps": [STUDENT, {"step": "quantization", "mode": "float16"}]},
            gate=gate(("maxAccuracyLoss", LIMIT)),
        )
    )
    outcome, _ = run(job, Paths(models.dense, models.labelled, tmp_path / "out"))
    assert outcome.exit_code == 0, outcome.sentence
    splits = split(data_of(models.labelled), job.seed, train=True)
    training = splits.training.labels["class"]
    # The model takes and answers floats.
    labels = [value for name, value in recorded.arrays if "labels" in name or value.dtype == training.dtype]
    assert labels, "a student learns from the labels of its part of the data"
    assert all(np.array_equal(value, training) for value in labels)
    sent = json.dumps(recorded.documents)
    assert str(LIMIT) not in sent
    assert "maxAccuracyLoss" not in sent
    answered = [value for name, value in recorded.arrays if name == "features"]
    rows = {row.tobytes() for value in answered for row in value}
    assert {row.tobytes() for row in splits.gate.inputs["features"]} <= rows, "the rows of the gate are asked about"


@pytest.mark.own_process
def test_the_judge_imports_nothing_that_opens_a_model(models: SampleModels, tmp_path: Path) -> None:
    jobs = []
    for number, fields in enumerate(({}, {"format": "saved_model", "recipe": "forServing"})):
        place = tmp_path / str(number)
        (place / "work").mkdir(parents=True)
        config, output = place / "job.json", place / "out"
        evaluation = {"packaging": "file", "identity": {"digest": "0" * 64}}
        config.write_text(json.dumps(job_data(evaluation=evaluation, **fields)), encoding="utf-8")
        output.mkdir()
        paths = (config, models.dense, output, place / "work", "--evaluation", models.labelled)
        jobs.append("|".join(map(str, paths)))
    done = subprocess.run(
        [sys.executable, "-c", JUDGE, *jobs],
        env={**os.environ, "PYTHONPATH": IMPORTABLE},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1:] == ["judged [0, 0] []"], done.stderr[-2000:]


def test_a_builder_that_writes_other_files_publishes_nothing(
    models: SampleModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(litert_builder, "_MAKE", "lying_builders:another_file")
    outcome, draft = run(Job.model_validate(job_data()), Paths(models.dense, None, tmp_path / "out"))
    assert outcome.exit_code == 1
    assert "left another.tflite, which the optimizer never makes" in outcome.sentence
    assert draft is None
    assert not (tmp_path / "out" / "model").exists()


def test_a_builder_that_makes_a_constant_model_is_refused_with_the_honest_figure(
    models: SampleModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(litert_builder, "_MAKE", "lying_builders:constant_model")
    job = Job.model_validate(job_data(recipe=FLOAT16))
    outcome, draft = run(job, Paths(models.dense, models.labelled, tmp_path / "out"))
    (candidate,) = outcome.candidates
    assert (outcome.exit_code, candidate.status, draft) == (3, CandidateStatus.REJECTED, None), outcome.sentence
    assert candidate.metrics is not None
    (output,) = candidate.metrics.outputs.values()
    labels = split(data_of(models.labelled), job.seed).gate.labels["class"]
    assert output.accuracy == pytest.approx((labels == 0).mean())
    assert not (tmp_path / "out" / "model").exists()
