"""Display of a running job's progress: bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from processes import IMPORTABLE
from sample_functions import dense_data
from sample_jobs import job_data
from tensorflow_optimizer.processes import progress_events
from tensorflow_optimizer.processes.progress_events import Event
from tensorflow_optimizer.sandbox import ALLOW_ROOT
from tensorflow_optimizer.supervision.display import is_watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sample_models import SampleModels

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": IMPORTABLE,
    "TERM": "xterm",
    "COLUMNS": "120",
    "LINES": "40",
    # The models of a test lie where no other user can read them.
    ALLOW_ROOT: "1",
}
EPOCHS = 100


@pytest.fixture
def command(models: SampleModels, tmp_path: Path) -> list[str]:
    """A search whose second candidate is trained, in a process of its own."""
    features, labels = dense_data(1200)
    np.savez(tmp_path / "data.npz", features=features, labels=labels)
    recipe = {
        "kind": "search",
        "search": {"objective": "size", "maxAccuracyLoss": 0.2},
        "steps": [{"step": "pruning", "sparsity": 0.3, "epochs": EPOCHS}],
    }
    (tmp_path / "job.json").write_text(
        json.dumps(job_data(recipe=recipe, evaluation={"packaging": "file", "identity": {"digest": "0" * 64}}))
    )
    options = {"config": "job.json", "source": models.dense, "evaluation": "data.npz", "output": "out"}
    words = [word for name, value in options.items() for word in (f"--{name}", str(tmp_path / value))]
    return [sys.executable, "-m", "tensorflow_optimizer", "run", *words]


def on_a_terminal(command: list[str]) -> tuple[int, str]:
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=theirs, env=ENVIRONMENT) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:  # Linux ends a terminal with an error.
                break
            if not piece:
                break
            seen += piece
    os.close(ours)
    return process.returncode, seen.decode(errors="replace")


@pytest.mark.slow
def test_a_terminal_shows_candidates_and_epochs_and_keeps_the_log(command: list[str]) -> None:
    code, seen = on_a_terminal(command)
    assert code == 0, seen
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    assert re.search(r"candidates tried, of at most +\S+ +1/2", text)
    assert re.search(rf"epochs after pruning 30% +\S+ +\d+/{EPOCHS}", text)
    assert "opening dense" in text
    assert re.search(r"candidate .*: chosen", text)
    assert text.rstrip().endswith("runtime"), "what remains is the sentence"


@pytest.mark.slow
def test_other_outputs_get_plain_lines(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env={**ENVIRONMENT, "FORCE_COLOR": "1"}, check=False)
    assert done.returncode == 0, done.stderr
    assert "opening dense" in done.stderr.splitlines()
    for sign in ("\x1b", "━", "candidates tried"):
        assert sign not in done.stderr


def test_a_dumb_terminal_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        assert is_watched()
        monkeypatch.setenv("TERM", "dumb")
        assert not is_watched()
    os.close(ours)


class TestTheFeed:
    @pytest.fixture
    def events(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[Event]]]:
        reading, writing = os.pipe()
        monkeypatch.setenv(progress_events.VARIABLE, str(writing))
        progress_events.connect()

        def read() -> list[Event]:
            os.close(writing)
            with os.fdopen(reading) as lines:
                return [Event.from_line(line) for line in lines]

        yield read
        monkeypatch.delenv(progress_events.VARIABLE, raising=False)
        progress_events.connect()

    def test_shows_the_progress_of_a_loop_without_a_label(self, events: Any) -> None:
        with progress_events.counting("epochs"):
            assert list(progress_events.counted(range(5, 8))) == [5, 6, 7]
        found = events()
        assert [(entry.text, entry.done, entry.total) for entry in (found[0], found[-2])] == [
            ("epochs", 0, None),
            ("epochs", 3, 3),
        ]
        assert found[-1].ended
        assert {(entry.process, entry.activity) for entry in found} == {(os.getpid(), found[0].activity)}

    def test_is_silent_about_other_loops(self, events: Any) -> None:
        with progress_events.doing("candidates", 4):
            assert list(progress_events.counted("ab")) == ["a", "b"]
        assert [(event.text, event.done) for event in events() if not event.ended] == [("candidates", 0)]

    @pytest.mark.usefixtures("events")
    def test_passes_its_pipe_to_no_child(self) -> None:
        assert progress_events.VARIABLE not in os.environ

    def test_keeps_lines_whole_whatever_the_length_of_a_text(self, events: Any) -> None:
        progress_events.tell("∞" * 5000)
        (event,) = events()
        assert event.text.endswith("∞…")
        assert len(event.to_line().encode()) < 4096

    def test_without_a_reader_costs_the_job_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        monkeypatch.setenv(progress_events.VARIABLE, str(writing))
        progress_events.connect()
        progress_events.tell("nobody hears it")
        progress_events.tell("nobody hears it either")
        os.close(writing)
