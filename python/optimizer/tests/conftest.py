from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "src"), str(Path(__file__).parent)]

from tensorflow_optimizer import environment  # noqa: E402 - found through the line above

# Before anything imports TensorFlow.
environment.prepare()

import pytest  # noqa: E402
from sample_jobs import Runs  # noqa: E402
from sample_models import SampleModels  # noqa: E402


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> SampleModels:
    """Small models of every kind, each made when it is first asked for."""
    return SampleModels(tmp_path_factory.mktemp("models"))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Runs jobs in this process."""
    return Runs(tmp_path)
