"""Records and tensors that are written without TensorFlow, read by TensorFlow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.processes.progress import Progress
from tensorflow_optimizer.serving.records import records, tensor
from tensorflow_optimizer.serving.warm_up import keep_extra_assets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NUMBERS = [
    *("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("bool", "complex64", "complex128"),
]


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0, 4)])
@pytest.mark.parametrize("dtype", [*NUMBERS, ml_dtypes.bfloat16])
def test_a_tensor_is_read_as_it_was(dtype: Any, shape: tuple[int, ...]) -> None:
    value = np.asarray(np.random.default_rng(1).integers(0, 2, shape)).astype(dtype)
    read = tf.make_ndarray(tensor_pb2.TensorProto.FromString(tensor(value)))
    assert (read.dtype, read.shape) == (value.dtype, value.shape)
    assert read.tobytes() == value.tobytes()


def test_texts_are_read_as_they_were() -> None:
    value = np.array([[b"", b"a\x00b"], ["ü".encode(), b"x" * 300]], dtype=object)
    read = tf.make_ndarray(tensor_pb2.TensorProto.FromString(tensor(value)))
    assert read.tolist() == value.tolist()


def test_a_file_of_records_is_what_tensorflow_writes(tmp_path: Path) -> None:
    contents = [b"", b"\xff" * 1000, bytes(range(256))]
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for content in contents:
            writer.write(content)
    assert records(contents) == (tmp_path / "theirs").read_bytes()


def _link(place: Path) -> None:
    (place / "secret").symlink_to("/etc/passwd")


def _directory_link(place: Path) -> None:
    (place / "secrets").symlink_to("/etc", target_is_directory=True)


def _pipe(place: Path) -> None:
    os.mkfifo(place / "pipe")


def _many(place: Path) -> None:
    for number in range(1001):
        (place / str(number)).touch()


def _large(place: Path) -> None:
    with (place / "large").open("wb") as file:
        file.truncate((256 << 20) + 1)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_link, "'secret', which is a link or no file"),
        (_directory_link, "'secrets', which is a link or no file"),
        (_pipe, "'pipe', which is a link or no file"),
        (_many, "1,00[12] files"),
        (_large, "files with 268,435,4[56]\\d bytes"),
    ],
)
def test_of_extra_assets_only_plain_files_within_bounds_are_published(
    make: Callable[[Path], None], sentence: str, tmp_path: Path
) -> None:
    extra = tmp_path / "source" / "assets.extra" / "inner"
    extra.mkdir(parents=True)
    (extra / "plain").write_bytes(b"plain file")
    keep_extra_assets(tmp_path / "source", tmp_path / "kept", all_signatures=True, progress=Progress())
    assert (tmp_path / "kept" / "assets.extra" / "inner" / "plain").read_bytes() == b"plain file"
    make(extra.parent)
    with pytest.raises(BadInputError, match=sentence):
        keep_extra_assets(tmp_path / "source", tmp_path / "refused", all_signatures=True, progress=Progress())
    assert not (tmp_path / "refused").exists()


def test_a_directory_of_extra_assets_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "assets.extra").symlink_to("/etc", target_is_directory=True)
    with pytest.raises(BadInputError, match=r"the model's assets.extra is a link"):
        keep_extra_assets(tmp_path / "source", tmp_path / "kept", all_signatures=True, progress=Progress())
