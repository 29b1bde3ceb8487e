"""The command `check`."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.sandbox import Sandbox
from typer.testing import CliRunner, Result

if TYPE_CHECKING:
    from pathlib import Path

    from sample_models import SampleModels
    from tensorflow_optimizer.sandbox import Zygote


@pytest.fixture(autouse=True)
def _leaves_of_one_process(zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the leaves of all commands as forks of one process, in which TensorFlow has started."""
    monkeypatch.setattr("tensorflow_optimizer.sandbox.Sandbox", functools.partial(Sandbox, zygote=zygote))


def run(*arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["check", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


def npz(directory: Path, **arrays: Any) -> Path:
    np.savez(directory / "data.npz", **arrays)
    return directory / "data.npz"


def test_data_that_fits_is_said_with_the_next_step(models: SampleModels, tmp_path: Path) -> None:
    data = npz(tmp_path, features=np.ones((5, 16), np.float32))
    output = run(models.two_signatures, data).stdout
    assert "data.npz: npz, 5 rows" in output
    assert "signature serving_default, which a job evaluates: fits" in output
    assert output.splitlines()[-1] == f"next: cdk-tensorflow optimize {models.two_signatures} --data {data} --out out"


def test_every_problem_is_listed_for_every_signature(models: SampleModels, tmp_path: Path) -> None:
    data = npz(tmp_path, features=np.ones((5, 15)), labels=np.arange(4))
    output = run(models.two_signatures, data, code=2).stdout
    listed = output.split("signature ")[1:]
    assert len(listed) == 2
    assert "have the shape [15], but the model takes [16]" in listed[0]
    assert "differ in their number of rows" in listed[0]
    assert "next:" not in output


def test_json_holds_what_was_found(models: SampleModels, tmp_path: Path) -> None:
    data = npz(tmp_path, features=np.ones((5, 15)))
    document = json.loads(run(models.two_signatures, data, "--json", code=2).stdout)
    assert (document["file"], document["format"], document["rows"], document["fits"]) == ("data.npz", "npz", 5, False)
    assert document["signature"] == "serving_default"
    assert document["problems"] == document["signatures"]["serving_default"]["problems"]
    assert len(document["signatures"]) == 2


def test_all_values_are_read_where_asked(models: SampleModels, tmp_path: Path) -> None:
    features = np.random.default_rng(0).standard_normal((50, 16))
    features[7, 3] = np.nan
    data = npz(tmp_path, features=features)
    headers = run(models.two_signatures, data).stdout
    assert "warning:" not in headers
    assert f"every value: cdk-tensorflow check {models.two_signatures} {data} --all" in headers
    read = run(models.two_signatures, data, "--all").stdout
    assert "warning: data.npz: 1 values of input 'features' are NaN (0.12%), the first in row 8, value 3" in read
    assert "every value:" not in read
    document = json.loads(run(models.two_signatures, data, "--all", "--json").stdout)
    assert (document["fits"], document["rowsRead"], len(document["warnings"])) == (True, 50, 1)


def test_hints_are_options_of_this_command(models: SampleModels, tmp_path: Path) -> None:
    data = npz(tmp_path, features=np.ones((2, 16)), labels=np.array(["cat", "dog"]))
    assert (
        "class names: --labels FILE of `check`, `compare` and `optimize`"
        in run(models.two_signatures, data, code=2).stderr
    )


def test_what_is_not_there_is_said_before_the_model_is_opened(models: SampleModels, tmp_path: Path) -> None:
    assert (
        "no.npz does not exist; give the path of evaluation data"
        in run(tmp_path / "no_model", tmp_path / "no.npz", code=2).stderr
    )
    assert (
        "no signature 'other'"
        in run(models.two_signatures, npz(tmp_path, x=np.ones(1)), "--signature", "other", code=4).stderr
    )
