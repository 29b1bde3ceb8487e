from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[1] / "src"
sys.path[:0] = [str(SOURCE), str(Path(__file__).parent)]

from tensorflow_optimizer.processes import environment

# Before anything imports TensorFlow.
environment.prepare()

import pytest
from sample_jobs import Runs
from sample_models import SampleModels
from tensorflow_optimizer.runners import SavedModelRunner
from tensorflow_optimizer.runners.handler_probe import peak_mebibytes
from tensorflow_optimizer.serving import footprint


class _HereRunner(SavedModelRunner):
    """Loads the model as an IsolatedRunner does, without a process, in which TensorFlow would have to start first."""

    def __init__(self, directory: Path, tags: list[str], signatures: Any, **_: Any) -> None:
        start = time.perf_counter()
        super().__init__(directory, tags, signatures)
        self.load_milliseconds = (time.perf_counter() - start) * 1000

    def peak_mebibytes(self) -> float | None:
        return peak_mebibytes()


@pytest.fixture(autouse=True)
def _memory_is_measured_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the many jobs of these tests; those that are marked `own_process`, and the command's, measure for real."""
    if request.node.get_closest_marker("own_process") is None:
        monkeypatch.setattr(footprint, "IsolatedRunner", _HereRunner)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> SampleModels:
    """Small models of every kind, each made when it is first asked for."""
    return SampleModels(tmp_path_factory.mktemp("models"))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Runs jobs in this process."""
    return Runs(tmp_path)


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the processes that a command starts import the optimizer, which is not installed."""
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))
