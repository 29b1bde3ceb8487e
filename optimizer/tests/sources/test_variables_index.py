"""The sizes of variables, read from their index without TensorFlow."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest
import tensorflow as tf
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.sources.saved_model_files import read_files, read_meta_graph
from tensorflow_optimizer.sources.variables_index import shard_sizes

if TYPE_CHECKING:
    from pathlib import Path

    from sample_models import SampleModels


def copied(model: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Return a copy of a model, and its shard."""
    copy = shutil.copytree(model, tmp_path / "copy")
    return copy, copy / "variables" / "variables.data-00000-of-00001"


def test_a_shard_is_exactly_as_long_as_its_index_says(models: SampleModels) -> None:
    for model in (models.dense, models.recurrent, models.counter):
        folder = model / "variables"
        size = (folder / "variables.data-00000-of-00001").stat().st_size
        assert shard_sizes((folder / "variables.index").read_bytes(), 1) == [size]


def test_an_index_of_many_blocks_is_read_whole(tmp_path: Path) -> None:
    variables = {f"{'name' * 20}{number}": tf.Variable([float(number)]) for number in range(2000)}
    tf.train.Checkpoint(**variables).write(str(tmp_path / "variables"))
    index = (tmp_path / "variables.index").read_bytes()
    assert len(index) > 100_000
    assert shard_sizes(index, 1) == [(tmp_path / "variables.data-00000-of-00001").stat().st_size]


@pytest.mark.fault
def test_a_shard_that_is_cut_short_is_refused_with_both_sizes(models: SampleModels, tmp_path: Path) -> None:
    model, shard = copied(models.dense, tmp_path)
    size = shard.stat().st_size
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(BadInputError, match=rf"has {size - 1:,} bytes, and its index names {size:,}; copy the whole"):
        read_files(model, read_meta_graph(model, ["serve"]), checksums=False)


@pytest.mark.fault
def test_a_changed_value_needs_its_checksum(models: SampleModels, tmp_path: Path) -> None:
    model, shard = copied(models.dense, tmp_path)
    meta_graph = read_meta_graph(model, ["serve"])
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    assert shard in read_files(model, meta_graph, checksums=False)
    with pytest.raises(BadInputError, match="cut short or corrupt"):
        read_files(model, meta_graph)


@pytest.mark.fault
def test_an_index_that_cannot_be_read_is_left_to_tensorflow(models: SampleModels, tmp_path: Path) -> None:
    model, shard = copied(models.dense, tmp_path)
    shard.with_name("variables.index").write_bytes(b"no index")
    with pytest.raises(BadInputError, match="cut short or corrupt"):
        read_files(model, read_meta_graph(model, ["serve"]), checksums=False)


@pytest.mark.fault
def test_no_content_of_an_index_fails_otherwise(models: SampleModels) -> None:
    index = (models.dense / "variables" / "variables.index").read_bytes()
    chance = random.Random(7)
    refused = 0
    for _ in range(3000):
        changed = bytearray(index)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        end = chance.choice([len(changed), chance.randrange(len(changed) + 1)])
        refused += shard_sizes(bytes(changed[:end]), 1) is None
    assert 1000 < refused < 3000


@pytest.mark.fault
def test_an_index_of_another_number_of_shards_is_left_to_tensorflow(models: SampleModels) -> None:
    assert shard_sizes((models.dense / "variables" / "variables.index").read_bytes(), 2) is None
