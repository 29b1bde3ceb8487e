"""Models made of operations alone, allowed to attack: what their process can do, and what becomes of it."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hostile_jobs import allowing, run_and_publish
from operation_models import CLASSES, Attack, Place, attacking_model
from sample_functions import dense_data
from sample_jobs import STRIP, gate, job_data
from tensorflow_optimizer.documents.manifest import ServerProgram, ServerTrial
from world import SECRET, World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0, reason="only root gives each leaf a user of its own"
    ),
    pytest.mark.usefixtures("zygote"),
]
PROGRAM = b"#!/bin/sh\necho forged\n"


def job(**changes: Any) -> dict[str, Any]:
    """Return a job whose gate allows the loss of one answer in a hundred."""
    return allowing(
        job_data(
            format="saved_model",
            recipe=STRIP,
            evaluation={"packaging": "file", "fileName": "data.npz", "identity": {"digest": "1" * 64}},
            gate=gate(("maxAccuracyLoss", 0.01)),
            **changes,
        )
    )


def forged(output: Path, model: Path) -> dict[str, bytes]:
    """Return all that a model could write to be published, by paths that it would have to guess."""
    server = ServerProgram(
        image="tensorflow/serving:2.19.0",
        digest=f"sha256:{'0' * 64}",
        sha256=hashlib.sha256(PROGRAM).hexdigest(),
        size=len(PROGRAM),
        trial=ServerTrial.ANSWERED,
    )
    files = {
        "outcome.json": b'{"exitCode": 0, "sentence": "accuracy 100 %"}',
        "draft.json": json.dumps({"server": server.to_data(), "candidate": "strip"}).encode(),
        "golden.json": b'{"requests": [], "relativeTolerance": 1e9}',
        "manifest.json": b"{}",
        "record.json": b"{}",
        "SHA256SUMS": b"",
        "server/tensorflow_model_server": PROGRAM,
        "model/saved_model.pb": b"forged",
        "model/assets.extra/foreign.bin": b"foreign",
        "report/report.html": b"<p>accuracy 100 %</p>",
    }
    places = (str(output), "/proc/self/cwd", ".", "made", "/tmp", str(output.parent / "open"))
    written = {f"{place}/{name}": content for place in places for name, content in files.items()}
    return {**written, str(model / "saved_model.pb"): b"another", str(output.parent / "public"): b"another"}


def labelled(world: World) -> tuple[Path, float]:
    """Write evaluation data, and return it with the accuracy of a model that always answers the first class."""
    features, labels = dense_data(640)
    path = world.place / "data.npz"
    np.savez(path, features=features, labels=labels)
    return path, float((labels == 0).mean())


@pytest.mark.parametrize("place", [pytest.param(Place.SIGNATURE, marks=pytest.mark.slow), Place.INITIALIZER])
def test_a_constant_model_that_forges_all_it_can_write_is_refused_with_the_honest_figure(
    world: World, place: Place
) -> None:
    data, accuracy = labelled(world)
    output, model = world.place / "job", world.place / "model"
    attacking_model(model, Attack(writes=forged(output, model)), place)
    before = world.state()

    ended = run_and_publish(world.place, job(), model, data, name="job")

    assert not ended.published()
    assert ended.outcome.exit_code
    changed = {path for path, state in world.state().items() if before.get(path, state) != state}
    assert not changed
    assert {path.name for path in output.iterdir()} <= {"outcome.json", "report"}
    if place is Place.INITIALIZER and f"{accuracy:.1%}" not in ended.outcome.sentence:
        # WriteFile to what does not belong to the leaf fails, and with it the model's start.
        assert "ermission" in ended.outcome.sentence, ended.outcome.sentence


def test_a_constant_model_that_writes_where_it_may_is_refused_with_the_honest_figure(world: World) -> None:
    """Forge the files of every way in which a leaf leaves files."""
    data, accuracy = labelled(world)
    output, model = world.place / "job", world.place / "model"
    own = {path: content for path, content in forged(output, model).items() if not path.startswith("/")}
    attacking_model(model, Attack(writes=own), Place.SIGNATURE)

    ended = run_and_publish(world.place, job(), model, data, name="job")

    assert not ended.published()
    assert f"accuracy at the output 'probabilities' is {accuracy:.1%}" in ended.outcome.sentence
    assert len(set(dense_data(640)[1])) == CLASSES


@pytest.mark.parametrize("place", [Place.SIGNATURE, pytest.param(Place.INITIALIZER, marks=pytest.mark.slow)])
def test_a_model_that_forges_nests_and_aborts_publishes_nothing(world: World, place: Place) -> None:
    data, _ = labelled(world)
    output, model = world.place / "job", world.place / "model"
    own = {path: content for path, content in forged(output, model).items() if not path.startswith("/")}
    deep = {f"report/{'a/' * 1900}x": b"deep"}
    attacking_model(model, Attack(writes={**own, **deep}, aborts=True), place)

    ended = run_and_publish(world.place, job(), model, data, name="job")

    assert not ended.published()
    assert ended.outcome.exit_code
    assert "the model's process" in ended.outcome.sentence
    assert {path.name for path in output.iterdir()} <= {"outcome.json", "report"}


@pytest.mark.slow
@pytest.mark.parametrize("place", list(Place))
@pytest.mark.parametrize("target", ["private", "public", "the judge's environment", "the job's data"])
def test_a_model_reads_nothing_but_itself(world: World, place: Place, target: str) -> None:
    data, _ = labelled(world)
    path = {
        "private": str(world.private),
        "public": str(world.place / "public"),
        "the judge's environment": f"/proc/{os.getpid()}/environ",
        "the job's data": str(data),
    }[target]
    model = attacking_model(world.place / "model", Attack(leaks=(path,), leaks_to="leaked"), place)

    ended = run_and_publish(world.place, job(), model, data, name="job")

    assert not ended.published()
    assert "ermission" in ended.outcome.sentence
    assert SECRET not in ended.outcome.to_json()


@pytest.mark.slow
def test_a_model_finds_no_files_of_others(world: World) -> None:
    data, _ = labelled(world)
    attack = Attack(matches=f"{world.place}/*", matches_to="/proc/self/fd/2")
    model = attacking_model(world.place / "model", attack, Place.SIGNATURE)

    ended = run_and_publish(world.place, job(), model, data, name="job")

    assert not ended.published()
    assert "private" not in ended.outcome.sentence
