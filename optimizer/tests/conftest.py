from __future__ import annotations

import gc
import importlib
import pickle
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path[:0] = [
    str(Path(__file__).parents[2] / name) for name in ("optimizer/src", "runtime/shared/src", "optimizer/tests")
]

from tensorflow_optimizer.processes import environment

# Before anything imports TensorFlow.
environment.prepare()

import pytest
from processes import IMPORTABLE
from sample_jobs import Runs
from sample_models import SampleModels
from tensorflow_optimizer.candidates import parallel
from tensorflow_optimizer.candidates import worker as candidate_worker
from tensorflow_optimizer.candidates.evaluator import CandidateEvaluator
from tensorflow_optimizer.runners import SavedModelRunner
from tensorflow_optimizer.runners.handler_probe import peak_mebibytes
from tensorflow_optimizer.serving import footprint
from tensorflow_optimizer.supervision import supervise
from tensorflow_optimizer.supervision import worker as job_worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class _HereRunner(SavedModelRunner):
    """Loads the model as an IsolatedRunner does, without a process, in which TensorFlow would have to start first."""

    def __init__(self, directory: Path, tags: list[str], signatures: Any, **_: Any) -> None:
        start = time.perf_counter()
        super().__init__(directory, tags, signatures)
        self.load_milliseconds = (time.perf_counter() - start) * 1000

    def peak_mebibytes(self) -> float | None:
        return peak_mebibytes()


_building = threading.Lock()


def _build_here(builder: Path, plan: Any, result: Path) -> Any:
    task = result.with_suffix(".plan")
    task.write_bytes(pickle.dumps(plan))
    with _building:
        candidate_worker.main([str(builder), str(task), str(result)])
    return pickle.loads(result.read_bytes())


def _run_here(command: Sequence[str], _: Mapping[str, str]) -> int:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(job_worker, "end_with_parent", lambda: None)
        return job_worker.main(list(command[3:]))


_HERE = (
    (footprint, "IsolatedRunner", _HereRunner),
    (parallel, "_build", _build_here),
    (supervise, "run_watched", _run_here),
)
_APART = [(place, name, getattr(place, name)) for place, name, _ in _HERE]


@pytest.fixture(scope="session", autouse=True)
def _all_in_this_process() -> Iterator[None]:
    """Run the processes of a job here, where TensorFlow has started already."""
    with pytest.MonkeyPatch.context() as patched:
        for place, name, here in _HERE:
            patched.setattr(place, name, here)
        yield


@pytest.fixture(scope="session", autouse=True)
def _modules_are_no_garbage() -> None:
    """Spare the many collections that TensorFlow asks for a look at everything that was imported."""
    importlib.import_module("keras")
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start them for tests that are marked so."""
    if request.node.get_closest_marker("own_process"):
        monkeypatch.setenv("PYTHONPATH", IMPORTABLE)
        for place, name, apart in _APART:
            monkeypatch.setattr(place, name, apart)


@pytest.fixture(autouse=True)
def no_candidate_is_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the choice of a candidate to its size and answers: a busy machine makes any of them slower than float32."""
    monkeypatch.setattr(CandidateEvaluator, "without_slower", lambda _, candidate, __: candidate)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> SampleModels:
    """Small models of every kind, each made when it is first asked for."""
    return SampleModels(tmp_path_factory.mktemp("models"))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Runs jobs in this process."""
    return Runs(tmp_path)
