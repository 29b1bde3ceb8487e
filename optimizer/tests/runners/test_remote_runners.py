"""Checks of the answers of a process that has loaded a model."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.evaluation import interleaved_latency
from tensorflow_optimizer.runners import RemoteLiteRt, RemoteSavedModel, RunError, Undescribed, remote_runner
from tensorflow_optimizer.sandbox import LeafEndedError, Sandbox, Zygote

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.append(str(Path(__file__).parent))

from lying_tasks import COMPUTED, HONEST, ROWS, WAITED

INPUTS = {"x": np.zeros((ROWS, 2), np.float32)}


@pytest.fixture(scope="module")
def leaves() -> Iterator[Sandbox]:
    """Leaves that need no TensorFlow."""
    with Zygote(("numpy", "pydantic")) as zygote, Sandbox(zygote=zygote, allow_root=True) as sandbox:
        yield sandbox


@pytest.fixture
def model(leaves: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let leaves run the task that the test names."""
    monkeypatch.setattr(remote_runner, "_TASK", f"lying_tasks:{request.param}")


def saved_model(leaves: Sandbox, place: Path) -> RemoteSavedModel:
    return RemoteSavedModel(leaves, place, ["serve"], ["serve"])


@pytest.mark.parametrize("model", ["honest"], indirect=True)
def test_an_answer_that_the_signature_allows_is_taken_unchanged(model: None, leaves: Sandbox, tmp_path: Path) -> None:
    runner = saved_model(leaves, tmp_path)
    assert list(runner.specs) == ["serve"]
    assert np.array_equal(runner.run("serve", INPUTS)["y"], HONEST)
    assert runner.elapsed("serve", INPUTS, 3).wall > 0
    runner.close()


@pytest.mark.parametrize("model", ["computes"], indirect=True)
def test_the_kernel_counts_what_a_model_computes_and_not_what_it_waits(
    model: None, leaves: Sandbox, tmp_path: Path
) -> None:
    runner = saved_model(leaves, tmp_path)
    before = runner.traces_of_others
    taken = runner.elapsed("serve", INPUTS, 1)
    assert taken.processor is not None
    assert COMPUTED <= taken.processor < WAITED <= taken.wall
    assert before is not None
    assert runner.traces_of_others == before
    runner.close()


@pytest.mark.parametrize("model", ["computes_in_a_child", "computes_in_an_orphan"], indirect=True)
def test_time_that_hides_in_another_process_leaves_a_trace(model: None, leaves: Sandbox, tmp_path: Path) -> None:
    runner = saved_model(leaves, tmp_path)
    data: Any = SimpleNamespace(count=ROWS, call=lambda *_: INPUTS)
    latency = interleaved_latency({"it": runner}, "serve", data)["it"]
    assert latency.processor is None
    assert latency.wall.median >= COMPUTED * 1000
    runner.close()


@pytest.mark.parametrize("model", ["honest"], indirect=True)
def test_a_model_that_is_loaded_again_has_another_process(model: None, leaves: Sandbox, tmp_path: Path) -> None:
    runner = saved_model(leaves, tmp_path)
    first = runner._leaf.process
    runner.restart()
    assert runner._leaf.process != first
    assert np.array_equal(runner.run("serve", INPUTS)["y"], HONEST)
    runner.close()


@pytest.mark.parametrize("model", ["honest"], indirect=True)
def test_a_model_that_rests_has_no_process_until_it_is_asked(model: None, leaves: Sandbox, tmp_path: Path) -> None:
    runner = saved_model(leaves, tmp_path)
    first = runner._leaf.process
    runner.rest()
    assert not Path(f"/proc/{first}").exists()
    assert np.array_equal(runner.run("serve", INPUTS)["y"], HONEST)
    runner.rest()
    assert runner.elapsed("serve", INPUTS, 1).wall > 0
    runner.close()


@pytest.mark.parametrize("model", ["honest"], indirect=True)
def test_a_model_that_is_described_otherwise_the_second_time_is_refused(
    model: None, leaves: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = saved_model(leaves, tmp_path)
    monkeypatch.setattr(remote_runner, "_TASK", "lying_tasks:another_signature")
    with pytest.raises(OptimizerError, match="describes it otherwise than the first one"):
        runner.restart()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("another_shape", r"'y' is float32\[4, 2\], and its signature says float32\[None, 3\]"),
        ("another_rank", r"'y' is float32\[\], and"),
        ("another_type", r"'y' is float64\[4, 3\], and"),
        ("strings", r"'y' is string\[4, 3\], and"),
        ("another_output", "has the outputs 'y', and the model answered 'z'"),
        ("one_more_output", "has the outputs 'y', and the model answered 'y', 'z'"),
        ("no_output", "has the outputs 'y', and the model answered none"),
    ],
    indirect=["model"],
)
def test_an_answer_of_another_form_is_refused(model: None, said: str, leaves: Sandbox, tmp_path: Path) -> None:
    runner = saved_model(leaves, tmp_path)
    with pytest.raises(RunError, match=said):
        runner.run("serve", INPUTS)
    runner.close()


@pytest.mark.parametrize("model", ["too_few_rows"], indirect=True)
def test_a_file_answers_each_row(model: None, leaves: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"")
    runner = RemoteLiteRt(leaves, tmp_path / "model.tflite", Undescribed({"serve": True}))
    with pytest.raises(RunError, match=r"'y' is float32\[3, 3\], and its signature says float32\[4, 3\]"):
        runner.run("serve", INPUTS)
    runner.close()


@pytest.mark.parametrize(
    ("model", "said"),
    [("another_signature", "other signatures than it was asked for"), ("nonsense", "its signatures cannot be read")],
    indirect=["model"],
)
def test_a_description_of_something_else_is_refused(model: None, said: str, leaves: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(OptimizerError, match=said):
        saved_model(leaves, tmp_path)


@pytest.mark.parametrize("model", ["ends_in_the_middle"], indirect=True)
def test_a_process_that_ends_in_the_middle_is_an_error(model: None, leaves: Sandbox, tmp_path: Path) -> None:
    runner = saved_model(leaves, tmp_path)
    with pytest.raises(LeafEndedError, match="ended without an answer"):
        runner.run("serve", INPUTS)
