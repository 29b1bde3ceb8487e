"""Evaluation data comes from outside: it is read, or refused in one sentence, and never runs or fills the memory."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_optimizer.data import Dataset, read_dataset
from tensorflow_optimizer.data.check import check_all, check_beginning
from tensorflow_optimizer.data.expected import ExpectedData
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec


def signature(dtype: str = "float32", **inputs: tuple[int | None, ...]) -> SignatureSpec:
    return SignatureSpec(
        "serving_default",
        "tensorflow/serving/predict",
        {name: TensorSpec(dtype, shape, "") for name, shape in (inputs or {"x": (None, 2)}).items()},
        {"y": TensorSpec("float32", (None, 3), "")},
    )


def read(name: str, content: bytes, spec: SignatureSpec | None = None, **options: Any) -> Dataset:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / name
        file.write_bytes(content)
        return read_dataset(file, spec or signature(), None, **{"batched": True, "labels": None, **options})


def checked(
    name: str, content: bytes, spec: SignatureSpec, batched: bool | None, labels: list[str] | None
) -> list[list[str]]:
    """Return the problems of the beginning of a file, and of all of it."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / name
        file.write_bytes(content)
        expected = ExpectedData.of(file, spec, None, batched=batched)
        return [list(check_beginning(expected, labels).problems), list(check_all(expected, labels, 0).problems)]


def refusal(name: str, content: bytes, spec: SignatureSpec | None = None) -> str:
    with pytest.raises(BadInputError) as caught:
        read(name, content, spec)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    return str(caught.value)


def array(descr: str = "'<f4'", shape: str = "(5, 2)", body: bytes = bytes(40), version: int = 1) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + bytes((version, 0)) + struct.pack("<H" if version == 1 else "<I", len(header)) + header + body


def npz(member: bytes, name: str = "x.npy") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr(name, member)
    return stream.getvalue()


def damaged(offset: int, value: int) -> bytes:
    content = bytearray(npz(array()))
    content[content.rindex(b"PK\x01\x02") + offset] = value
    return bytes(content)


class Harm:
    """Leaves a trace where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Harm.happened.append, (True,))

    happened: list[bool] = []  # noqa: RUF012 - what unpickling changes


class TestNpz:
    def test_an_array_is_read(self) -> None:
        assert read("data.npz", npz(array())).count == 5
        assert read("data.npz", npz(array(version=2))).count == 5

    @pytest.mark.parametrize(
        "container", ["array of objects", "pickle instead of an array", "pickle instead of a file"]
    )
    def test_a_pickle_is_never_loaded(self, container: str) -> None:
        stream = io.BytesIO()
        np.savez(stream, x=np.array([Harm()], dtype=object))
        content = {
            "array of objects": stream.getvalue(),
            "pickle instead of an array": npz(pickle.dumps(Harm())),
            "pickle instead of a file": pickle.dumps(Harm()),
        }[container]
        Harm.happened.clear()

        refusal("data.npz", content)

        assert not Harm.happened

    @pytest.mark.parametrize(
        "shape",
        ["(1000000000000, 2)", "(9223372036854775807, 2)", "(4294967296, 4294967296)", "(99999999999999999999, 2)"],
    )
    def test_a_gigantic_shape_allocates_nothing(self, shape: str) -> None:
        assert "it says that it has the shape" in refusal("data.npz", npz(array(shape=shape)))

    @pytest.mark.parametrize("shape", ["(-5, -2)", "(True, 2)", "(5.0, 2)", "'ab'", "(5, 3)", f"({'1, ' * 3000})"])
    def test_a_shape_that_is_not_that_of_the_values_is_refused(self, shape: str) -> None:
        refusal("data.npz", npz(array(shape=shape)))

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(npz(b"hello"), id="no array"),
            pytest.param(npz(b"hello", "README.txt"), id="another file"),
            pytest.param(npz(array(version=9)), id="an unknown version"),
            pytest.param(npz(array(shape="(" * 300)), id="brackets that do not end"),
            pytest.param(npz(b"\x93NUMPY\x01\x00\x05\x00'''{\n"), id="a text that does not end"),
            pytest.param(npz(array(shape=f"(5, 2{' ' * 20_000})")), id="a header of 20 kB"),
            pytest.param(damaged(8, 1), id="a password"),
            pytest.param(damaged(10, 97), id="an unknown method"),
            pytest.param(damaged(8, 0x20), id="a patch"),
            pytest.param(damaged(6, 0xFF), id="a ZIP of the future"),
        ],
    )
    def test_each_finding_of_the_properties_below_is_a_sentence(self, content: bytes) -> None:
        assert "data.npz" in refusal("data.npz", content)

    @settings(max_examples=200, derandomize=True, deadline=None)
    @given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
    def test_a_changed_file_is_read_or_refused(self, changes: list[tuple[int, int]]) -> None:
        content = bytearray(npz(array()))
        for place, value in changes:
            content[place % len(content)] = value
        message = "data"
        try:
            read("data.npz", bytes(content))
        except BadInputError as error:
            message = str(error)
        assert "data" in message

    @settings(max_examples=150, derandomize=True, deadline=None)
    @given(
        descr=st.sampled_from(
            ["'<f4'", "'>f8'", "'<U4'", "'|V3'", "'<M8[s]'", "'<c16'", "'|S0'", "[('a', '<f4')]", "None"]
        )
        | st.text(max_size=6).map(repr),
        shape=st.lists(st.integers(-1, 6) | st.integers(2**31, 2**70), max_size=4).map(
            lambda sizes: repr(tuple(sizes))
        ),
        size=st.integers(0, 100),
    )
    def test_any_header_is_read_or_refused(self, descr: str, shape: str, size: int) -> None:
        message = "data.npz"
        try:
            read("data.npz", npz(array(descr, shape, bytes(size))))
        except BadInputError as error:
            message = str(error)
        assert "data.npz" in message


NAMES = st.sampled_from(["instances", "inputs", "label", "signature_name", "a", "b", "x", "y", "b64", ""])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from([10**400, "\ud800"])
)
JUNK = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
ROWS = st.lists(st.lists(LEAVES, min_size=2, max_size=2) | JUNK, min_size=1, max_size=3)
BODIES = (
    st.fixed_dictionaries({"instances": ROWS}, optional={"label": JUNK, "signature_name": JUNK})
    | st.fixed_dictionaries({"inputs": ROWS | JUNK}, optional={"label": JUNK | st.lists(st.integers(0, 2), max_size=3)})
    | JUNK
)
SIGNATURES = [*map(signature, ("float32", "int8", "string", "bool")), signature(a=(None, 2), b=(None,))]


class TestJsonLines:
    @settings(max_examples=250, derandomize=True, deadline=None)
    @given(
        bodies=st.lists(BODIES, min_size=1, max_size=3),
        which=st.sampled_from(range(len(SIGNATURES))),
        batched=st.sampled_from([True, False, None]),
        labels=st.sampled_from([None, ["a", "b"]]),
    )
    def test_any_lines_are_read_or_refused(
        self, bodies: list[Any], which: int, batched: bool | None, labels: list[str] | None
    ) -> None:
        content = "".join(f"{json.dumps(body)}\n" for body in bodies).encode()
        message = "data.jsonl"
        refused = False
        try:
            read("data.jsonl", content, SIGNATURES[which], batched=batched, labels=labels)
        except BadInputError as error:
            message, refused = str(error), True
        assert "data.jsonl" in message
        # `check` may refuse more, such as classes that only the model's answers show to a build.
        for problems in checked("data.jsonl", content, SIGNATURES[which], batched, labels):
            assert problems or not refused

    @pytest.mark.parametrize(
        "line", ["[" * 100_000, f'{{"instances": {"[" * 50_000}', f'{{"instances": [[{"9" * 5_000}, 1]]}}']
    )
    def test_what_python_cannot_parse_is_named_with_its_line(self, line: str) -> None:
        assert "line 1 has a number with too many digits, or too many lists in each other" in refusal(
            "data.jsonl", line.encode()
        )

    @pytest.mark.parametrize("body", [{"instances": ["\ud800"]}, {"instances": ["a"], "label": ["\ud800"]}])
    def test_half_of_a_surrogate_pair_is_refused(self, body: dict[str, Any]) -> None:
        spec = SignatureSpec(
            "serving_default", "p", {"x": TensorSpec("string", (None,), "")}, {"y": TensorSpec("string", (None,), "")}
        )
        assert "cannot be written in UTF-8" in refusal("data.jsonl", json.dumps(body).encode(), spec)
