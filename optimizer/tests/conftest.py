from __future__ import annotations

import gc
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path[:0] = [
    str(Path(__file__).parents[2] / name) for name in ("optimizer/src", "runtime/shared/src", "optimizer/tests")
]

from tensorflow_optimizer.processes import environment

# Before anything imports TensorFlow.
environment.prepare()
# What the commands print does not depend on the terminal of the tests: typer reads these while it is imported.
for name in ("FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS", "TERMINAL_WIDTH"):
    os.environ.pop(name, None)

import pytest
from processes import IMPORTABLE
from sample_jobs import Runs
from sample_models import SampleModels
from tensorflow_optimizer.evaluation import latency
from tensorflow_optimizer.runners import RemoteSavedModel
from tensorflow_optimizer.sandbox import ALLOW_ROOT, PRELOADED, Sandbox, Zygote
from tensorflow_optimizer.serving import footprint
from tensorflow_optimizer.supervision import supervise
from tensorflow_optimizer.supervision import worker as job_worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


#: The zygote of all jobs and tests: TensorFlow starts in it once.
_zygotes: list[Zygote] = []


def _zygote() -> Zygote:
    if not _zygotes:
        _zygotes.append(Zygote((*PRELOADED, *run.TASKS)))
    return _zygotes[0]


def _sandbox_of_a_job(directory: Path, preloaded: Sequence[str] = ()) -> Sandbox:
    return Sandbox(directory, zygote=_zygote())


def _forked(*args: Any, environment: Mapping[str, str] | None, **options: Any) -> RemoteSavedModel:
    """Load the model in a fork, where the job would start a process in which TensorFlow has to start first."""
    return RemoteSavedModel(*args, environment=environment or None, **options)


def _run_here(command: Sequence[str], _: Mapping[str, str]) -> int:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(job_worker, "end_with_parent", lambda: None)
        return job_worker.main(list(command[3:]))


run = importlib.import_module("tensorflow_optimizer.pipeline.run")  # the package has a function of its name
_HERE = (
    (footprint, "RemoteSavedModel", _forked),
    (run, "Sandbox", _sandbox_of_a_job),
    (supervise, "run_watched", _run_here),
)
_APART = [(place, name, getattr(place, name)) for place, name, _ in _HERE]


@pytest.fixture(scope="session", autouse=True)
def _all_in_this_process() -> Iterator[None]:
    """Run the judge of a job here, and its leaves as forks of one process. The tests' files belong to this user."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(ALLOW_ROOT, "1")
        # Measure for a fifth of the usual time: few tests need a precise ratio, and a job measures each candidate.
        patched.setattr(latency, "_BUDGET_SECONDS", 0.1)
        for place, name, here in _HERE:
            patched.setattr(place, name, here)
        yield
    while _zygotes:
        _zygotes.pop().close()


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


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> SampleModels:
    """Small models of every kind, each made when it is first asked for."""
    return SampleModels(tmp_path_factory.mktemp("models"))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Runs jobs in this process."""
    return Runs(tmp_path)


@pytest.fixture(scope="session")
def zygote() -> Zygote:
    """The process that the leaves of all tests are forks of: TensorFlow starts in it once."""
    return _zygote()


@pytest.fixture
def sandbox(zygote: Zygote) -> Iterator[Sandbox]:
    """Starts leaves as jobs do."""
    with Sandbox(zygote=zygote, allow_root=True) as made:
        yield made
