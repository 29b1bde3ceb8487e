"""Whole jobs of which one leaf is hostile: what is published is what an honest job publishes, or nothing."""

from __future__ import annotations

import os
import random
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from hostile_jobs import RUNTIME, Ended, hostile, run_and_publish
from hostile_leaf import Script, marker
from operation_models import CLASSES, FEATURES, Attack, Place, attacking_model
from random_scripts import described, random_script
from sample_functions import dense_data, function, spec
from sample_jobs import DYNAMIC_RANGE, STRIP, gate, job_data
from tensorflow_optimizer.errors import ExitCode
from world import SECRET, World, left_behind, made_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sample_models import SampleModels
    from tensorflow_optimizer.sandbox import Zygote

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root gives each leaf a user of its own"
)
COUNT = int(os.environ.get("HOSTILE_JOBS", "4"))
SEED = int(os.environ.get("ATTACKS_SEED", "1"))
#: Number of jobs for a release, beside those of every change.
RELEASE = 60
DESCRIBE, ANSWER = "sources.leaf:describe", "runners.leaf:answer"
BUILD, MAKE = "candidates.leaf:make_saved_model", "candidates.leaf:make_file"
NATIVE = "proof.native_leaf:drive"
MADE = "made"


@dataclass
class Jobs:
    """Two small jobs, their honest results, and the tasks of their leaves."""

    world: World
    zygote: Zygote
    models: dict[str, Path]
    data: Path

    def __post_init__(self) -> None:
        self._honest: dict[str, tuple[Ended, list[str]]] = {}
        self._count = 0

    def honest(self, name: str) -> Ended:
        """Return how a job ends that nobody attacks."""
        return self._ended(name)[0]

    def tasks(self, name: str) -> list[str]:
        """Return its leaves, in the order of their names."""
        started = self._ended(name)[1]
        return sorted(f"{task}#{started[:at].count(task)}" for at, task in enumerate(started))

    def _ended(self, name: str) -> tuple[Ended, list[str]]:
        if name not in self._honest:
            with hostile({}, self.zygote) as started:
                ended = self._run(name)
            assert ended.outcome.exit_code == 0, ended.outcome.sentence
            assert set(ended.outcome.isolation.values()) == {"on"}
            self._honest[name] = ended, list(started)
        return self._honest[name]

    def attacked(self, name: str, scripts: dict[str, Script]) -> Ended:
        """Run a job with hostile leaves, and check all that holds whatever they do."""
        before = self.world.state()
        shown = {task: described(script) for task, script in scripts.items()}
        with hostile(scripts, self.zygote):
            ended = self._run(name)
        found = self.world.state()
        assert {path: found.get(path) for path in before} == before, shown
        assert not [process for script in scripts.values() for process in left_behind(script)], shown
        without = RUNTIME if any(task.startswith("proof.") for task in scripts) else set()
        if ended.outcome.exit_code == 0:
            assert ended.published(without) == self.honest(name).published(without), shown
        else:
            assert not ended.published(), shown
        assert not any(SECRET.encode() in content for content in ended.objects.values()), shown
        return ended

    def _run(self, name: str) -> Ended:
        self._count += 1
        output = f"{name}-{self._count}"
        try:
            return run_and_publish(self.world.place, _job(name), self.models[name], self.data, name=output)
        finally:
            shutil.rmtree(self.world.place / output, ignore_errors=True)
            (self.world.place / f"{output}.json").unlink()


def _job(name: str) -> dict[str, Any]:
    source = {"packaging": "file", "fileName": "model.tflite"} if name == "litert" else None
    return job_data(
        source,
        format=name,
        recipe="none" if name == "litert" else STRIP,
        evaluation={"packaging": "file", "fileName": "data.npz", "identity": {"digest": "1" * 64}},
        gate=gate(("maxAccuracyLoss", 0.01)),
    )


@pytest.fixture(scope="module")
def jobs(models: SampleModels, zygote: Zygote) -> Iterator[Jobs]:
    """Jobs in directories that other users can read."""
    with made_world() as world:
        shutil.copytree(models.dense, world.place / "dense")
        shutil.copy(models.static_tflite, world.place / "model.tflite")
        features, labels = dense_data(640)
        np.savez(world.place / "data.npz", features=features, labels=labels)
        kinds = {"saved_model": world.place / "dense", "litert": world.place / "model.tflite"}
        yield Jobs(world, zygote, kinds, world.place / "data.npz")


def lying(how: str, task: str) -> dict[str, Script]:
    """Let a leaf lie."""
    return {task: Script(task, marker(0), lie=how)}


def test_a_builder_that_leaves_another_model_is_refused(jobs: Jobs, tmp_path: Path) -> None:
    constant = attacking_model(tmp_path / "constant", Attack(), Place.SIGNATURE)
    files = {path.relative_to(constant).as_posix(): path for path in constant.rglob("*") if path.is_file()}
    forged = [["write bytes", f"{MADE}/{name}", path.read_bytes().hex()] for name, path in sorted(files.items())]

    ended = jobs.attacked("saved_model", {BUILD: Script(BUILD, marker(0), before=forged)})

    assert "the stripped model is another one" in ended.outcome.sentence


def test_a_builder_that_leaves_a_constant_model_is_refused_with_the_accuracy_that_the_judge_measured(
    jobs: Jobs, tmp_path: Path
) -> None:
    """Leave to the gate a candidate that may answer otherwise than the original."""
    constant = function(
        tmp_path / "constant",
        lambda features: {"probabilities": tf.one_hot([0], CLASSES) + 0.0 * features[:, :CLASSES]},
        spec([1, FEATURES], "features"),
    )
    content = tf.lite.TFLiteConverter.from_saved_model(str(constant)).convert()
    script = Script(MAKE, marker(0), before=[["write bytes", f"{MADE}/model.tflite", content.hex()]])
    data = {**_job("litert"), "recipe": DYNAMIC_RANGE, "source": _job("saved_model")["source"]}
    accuracy = float((dense_data(640)[1] == 0).mean())

    with hostile({MAKE: script}, jobs.zygote):
        ended = run_and_publish(jobs.world.place, data, jobs.models["saved_model"], jobs.data, name="quantized")

    assert not ended.published()
    assert ended.outcome.exit_code is ExitCode.GATE, ended.outcome.sentence
    (candidate,) = ended.outcome.candidates
    assert candidate.metrics is not None
    assert candidate.metrics.outputs["probabilities"].accuracy == pytest.approx(accuracy)
    loss = f"accuracy loss of 'probabilities' {0.9640625 - accuracy:.4f}, allowed at most 0.01"
    assert loss in ended.outcome.sentence, ended.outcome.sentence


@pytest.mark.parametrize("how", ["zeros", pytest.param("noise", marks=pytest.mark.slow)])
def test_a_model_whose_answers_change_after_it_was_built_is_refused(jobs: Jobs, how: str) -> None:
    """The original answers in the first process, the candidate in the second."""
    ended = jobs.attacked("saved_model", lying(how, f"{ANSWER}#1"))

    assert ended.outcome.exit_code


def test_a_native_program_that_lies_serves_nothing(jobs: Jobs) -> None:
    """Compare the program's answers with those of another process, and let nothing that it says of itself decide."""
    ended = jobs.attacked("litert", lying("noise", f"{NATIVE}#0"))

    manifest = ended.published()["digits/litert/1/manifest.json"]
    assert manifest["requirements"]["runtime"] == "numpy"


def attack(jobs: Jobs, seed: int) -> None:
    """Let one leaf of one job play a random script."""
    draw = random.Random(seed)
    name = draw.choice(sorted(jobs.models))
    task = draw.choice(jobs.tasks(name))
    targets = [*jobs.world.targets(), str(jobs.data), str(jobs.world.place / "dense" / "saved_model.pb")]
    jobs.attacked(name, {task: random_script(seed, task, targets, directory=MADE)})


@pytest.mark.parametrize("seed", range(SEED, SEED + COUNT))
def test_a_random_attacker_publishes_what_an_honest_job_publishes_or_nothing(jobs: Jobs, seed: int) -> None:
    attack(jobs, seed)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_sixty_other_random_attackers_do_no_better(jobs: Jobs) -> None:
    for seed in range(SEED + COUNT, SEED + COUNT + RELEASE):
        attack(jobs, seed)
