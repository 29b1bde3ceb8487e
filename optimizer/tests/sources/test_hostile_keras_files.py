"""A Keras file comes from outside: what is wrong with it is one sentence, before Keras opens it."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.sources import keras_files, locate
from tensorflow_optimizer.sources.detect import SourceKind


def keras_file(method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, content in {"config": b"{}", "metadata": b"{}", **members}.items():
            file.writestr(f"{name}.json", content)
        file.writestr("model.weights.h5", bytes(300))
    return stream.getvalue()


def scan(content: bytes, name: str = "model.keras") -> None:
    """Do all that is done with a file until Keras opens it."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / name
        file.write_bytes(content)
        found = locate(file)
        if found.kind is SourceKind.KERAS:
            config, _ = keras_files._read_keras(file)
        elif found.kind is SourceKind.H5:
            config, _ = keras_files._read_h5(file)
        else:
            return
        keras_files._refuse_code(file, config)


def refusal(content: bytes, name: str = "model.keras") -> str:
    with pytest.raises(OptimizerError) as caught:
        scan(content, name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_plain_file_is_read() -> None:
    scan(keras_file())


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from([0, 1, 0x80, 0xFF])), min_size=1, max_size=4),
)
def test_a_changed_file_is_read_or_refused(method: int, changes: list[tuple[int, int]]) -> None:
    content = bytearray(keras_file(method))
    for place, value in changes:
        content[-1 - place % len(content)] = value
    message = "model.keras"
    try:
        scan(bytes(content))
    except OptimizerError as error:
        message = str(error)
    assert "model.keras" in message


NAMES = st.sampled_from(["class_name", "config", "module", "registered_name", "name", "layers"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(["Lambda", "Dense", "keras"])
CONFIGS = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(config=CONFIGS, metadata=CONFIGS)
def test_any_description_is_read_or_refused(config: Any, metadata: Any) -> None:
    message = "model.keras"
    try:
        scan(keras_file(config=json.dumps(config).encode(), metadata=json.dumps(metadata).encode()))
    except OptimizerError as error:
        message = str(error)
    assert "model.keras" in message


def nested(depth: int) -> bytes:
    return b'{"config": ' * depth + b'{"class_name": "Lambda"}' + b"}" * depth


@pytest.mark.parametrize("depth", [1, 500, 5_000, 100_000])
def test_code_is_found_at_any_depth(depth: int) -> None:
    assert refusal(keras_file(config=nested(depth))).startswith(
        ("model.keras holds Python code", "model.keras is cut short or corrupt")
    )


def test_a_description_of_a_gigabyte_is_not_read() -> None:
    members = {"config": b"[" + b" " * keras_files._LONGEST_CONFIG + b"]"}
    assert "at most 67,108,864 are read" in refusal(keras_file(**members))


@pytest.mark.parametrize(
    "content",
    [b"\x89HDF\r\n\x1a\n" + bytes(100), b"\x89HDF\r\n\x1a\n" + b"\xff" * 2000, b"\x89HDF\r\n\x1a\n"],
)
def test_a_broken_hdf5_file_is_refused(content: bytes) -> None:
    assert "model.h5 is cut short or corrupt" in refusal(content, "model.h5")


@pytest.mark.parametrize("config", [b"{", b"[" * 60_000, b"\xff\xfe"])
def test_a_broken_description_in_an_hdf5_file_is_refused(config: bytes, tmp_path: Path) -> None:
    import h5py
    import numpy as np

    with h5py.File(tmp_path / "model.h5", "w") as file:
        file.attrs["model_config"] = np.bytes_(config)
    assert "model.h5 is cut short or corrupt" in refusal((tmp_path / "model.h5").read_bytes(), "model.h5")
