"""Publication of a SavedModel: only what its graph names, and only after another process has described it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import tensorflow as tf
from sample_functions import copy_of, function, spec
from sample_jobs import job_data
from sample_side_effects import read
from tensorflow_optimizer.candidates import saved_model_builder
from tensorflow_optimizer.documents.job import Identity, Job, Packaging, Source
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.pipeline import Paths, run
from tensorflow_optimizer.sources import copy_files, files_below, open_source
from tensorflow_optimizer.training import trainer

if TYPE_CHECKING:
    from pathlib import Path

    from sample_models import SampleModels
    from tensorflow_optimizer.sandbox import Sandbox

STRIP = {"kind": "steps", "steps": [{"step": "strip"}]}
PRUNING = {"kind": "steps", "steps": [{"step": "pruning", "sparsity": 0.3}]}
SOURCE = Source(packaging=Packaging.ZIP, identity=Identity())
SECRET = b"of somebody else"


def job(recipe: object, **source: object) -> Job:
    return Job.model_validate(job_data(format="saved_model", recipe=recipe, source=dict(source) or None))


@pytest.mark.parametrize(
    ("builder", "reason"),
    [
        ("writes_a_file", "is refused: the model has operations that act on more than the model itself: WriteFile"),
        ("another_asset", "left assets/program, which its graph does not name"),
        ("another_warm_up", "left assets.extra/tf_serving_warmup_requests, which its graph does not name"),
        ("another_graph", "left 2 graphs; the optimizer makes one"),
    ],
)
def test_a_builder_that_adds_to_the_model_publishes_nothing(
    builder: str, reason: str, models: SampleModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_model_builder, "_MAKE", f"lying_builders:{builder}")
    outcome, draft = run(job(STRIP), Paths(models.dense, None, tmp_path / "out"))
    assert (outcome.exit_code, draft) == (1, None), outcome.sentence
    assert reason in outcome.sentence
    assert not (tmp_path / "out" / "model").exists()


def test_a_training_that_adds_to_the_model_publishes_nothing(
    models: SampleModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "_LEAF", "lying_trainers")
    outcome, draft = run(job(PRUNING), Paths(models.dense, None, tmp_path / "out"))
    assert (outcome.exit_code, draft) == (1, None), outcome.sentence
    assert "WriteFile could write any file" in outcome.sentence
    assert not (tmp_path / "out" / "model").exists()


def test_of_an_original_that_is_served_only_its_own_files_are_published(models: SampleModels, tmp_path: Path) -> None:
    source = copy_of(models.dense, tmp_path / "source")
    (tmp_path / "secret").write_bytes(SECRET)
    (source / "secret").symlink_to(tmp_path / "secret")
    (source / "notes").mkdir()
    (source / "notes" / "README.md").write_text("about the model")
    outcome, _ = run(job("none"), Paths(source, None, tmp_path / "out"))
    assert outcome.exit_code == 0, outcome.sentence
    model = tmp_path / "out" / "model"
    own = {"fingerprint.pb", "saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"}
    assert {name for name in files_below(model) if not name.startswith("assets.extra/")} == own
    assert (model / "saved_model.pb").read_bytes() == (source / "saved_model.pb").read_bytes()


@pytest.mark.parametrize("name", ["saved_model.pb", "variables", "variables/variables.data-00000-of-00001"])
def test_a_model_of_which_a_part_is_elsewhere_is_refused(
    name: str, models: SampleModels, sandbox: Sandbox, tmp_path: Path
) -> None:
    source = copy_of(models.dense, tmp_path / "source")
    (source / name).rename(tmp_path / "elsewhere")
    (source / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInputError, match=f"{name}' is a link, and only files of its own directory are read"):
        open_source(sandbox, source, SOURCE, tmp_path / "work")


def test_a_model_to_which_a_link_leads_is_refused(models: SampleModels, sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "1").symlink_to(models.dense)
    with pytest.raises(BadInputError, match="'1' is a link"):
        open_source(sandbox, tmp_path / "source", SOURCE, tmp_path / "work")


def test_no_link_is_followed_to_publish_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    for place, link, target in (("one", "a", "secret"), ("two", "b", "")):
        (tmp_path / place).mkdir()
        (tmp_path / place / link).symlink_to(tmp_path / target)
    for place, name in (("one", "a"), ("two", "b/secret")):
        with pytest.raises(BadInputError, match="is a link"):
            copy_files(tmp_path / place, [name], tmp_path / "out")
    assert files_below(tmp_path / "out") == []


def test_a_graph_with_other_tags_leaves_all_that_it_does_not_read(tmp_path: Path) -> None:
    source = function(tmp_path / "source", lambda x: {"y": tf.reduce_sum(x, 1)}, spec([None, 3], "x"))
    model = read(source)
    model.meta_graphs[0].meta_info_def.tags[:] = ["predict"]
    (source / "saved_model.pb").write_bytes(model.SerializeToString())
    (source / "README.md").write_text("about the model")
    outcome, _ = run(job("none", tags=["predict"]), Paths(source, None, tmp_path / "out"))
    assert outcome.exit_code == 0, outcome.sentence
    assert "README.md" not in files_below(tmp_path / "out" / "model")
    assert read(tmp_path / "out" / "model").meta_graphs[0].meta_info_def.tags == ["serve"]
