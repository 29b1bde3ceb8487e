from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tensorflow_optimizer
from sample_models import dense_data
from tensorflow_optimizer.cli import app
from tensorflow_optimizer.config import Job
from typer.testing import CliRunner

if TYPE_CHECKING:
    import pytest
    from sample_models import SampleModels


def test_it_searches_and_leaves_what_publish_takes(
    models: SampleModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PYTHONPATH", str(Path(tensorflow_optimizer.__file__).parents[1]))
    features, labels = dense_data(1200)
    np.savez(tmp_path / "data.npz", features=features, labels=labels)
    out = tmp_path / "out"
    arguments = ["optimize", str(models.dense), "--data", str(tmp_path / "data.npz"), "--out", str(out)]
    done = CliRunner().invoke(app, [*arguments, "--max-accuracy-loss", "0.05", "--max-trials", "3"])
    assert done.exit_code == 0, done.output
    job = Job.model_validate_json((out / "job.json").read_text(encoding="utf-8"))
    assert job.recipe.search is not None
    assert (job.recipe.search.objective, job.recipe.search.max_accuracy_loss) == ("size", 0.05)
    for name in ("draft.json", "outcome.json", "golden.json", "model/model.tflite", "report/report.html"):
        assert (out / name).is_file()
    for word in ("dynamicRange", "chosen", "float32", "passed", "accuracy", "compressed"):
        assert word in done.output


def test_what_does_not_exist_is_bad_input(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["optimize", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "does not exist" in done.output


def test_the_help_says_what_it_does_without_data() -> None:
    done = CliRunner().invoke(app, ["optimize", "--help"])
    assert done.exit_code == 0
    assert "forServing" in done.output
