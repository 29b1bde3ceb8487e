"""The messages between judge and leaf: whatever a leaf sends is a message, or an error of its own class."""

from __future__ import annotations

import json
import random
import struct
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import pytest
from tensorflow_optimizer.sandbox.frame_error import FrameError
from tensorflow_optimizer.sandbox.frames import LONGEST_HEADER, Frame, decode, encode
from tensorflow_optimizer.sandbox.streams import EndedError

if TYPE_CHECKING:
    from collections.abc import Callable


def reader(content: bytes) -> Callable[[int], memoryview]:
    place = 0

    def read(size: int) -> memoryview:
        nonlocal place
        if place + size > len(content):
            raise EndedError
        place += size
        return memoryview(bytearray(content[place - size : place]))

    return read


def sent(frame: Frame) -> bytes:
    return b"".join(bytes(part) for part in encode(frame))


def header(**changes: Any) -> bytes:
    content = {"kind": "answer", "document": None, "arrays": [], **changes}
    text = json.dumps(content).encode()
    return struct.pack(">I", len(text)) + text


def listed(**changes: Any) -> dict[str, Any]:
    return {"name": "x", "dtype": "float32", "shape": [2], "bytes": 8, **changes}


ARRAYS = {
    "floats": np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3),
    "scalar": np.array(3, np.int64),
    "none": np.zeros((0, 4), np.float16),
    "booleans": np.array([True, False]),
    "bfloat16": np.array([1.5, -2], ml_dtypes.bfloat16),
    "int4": np.array([-8, 7], ml_dtypes.int4),
    "complex": np.array([1 + 2j], np.complex64),
    "big endian": np.array([1, 2], ">i4"),
    "strided": np.arange(10, dtype=np.int32)[::2],
    "bytes": np.array([[b"a\0", b""], [b"\xff\xfe", b"long" * 99]], dtype=object),
    "text": np.array(["ä", ""], dtype=object),
    "fixed text": np.array(["ab", "c"]),
    "no strings": np.array([], dtype=object),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_arrives_as_it_was_sent(name: str) -> None:
    array = ARRAYS[name]

    found = decode(reader(sent(Frame("answer", {"a": [1, 2.5, None, "ü"]}, {name: array}))))

    assert found.kind == "answer"
    assert found.document == {"a": [1, 2.5, None, "ü"]}
    assert found.arrays[name].shape == array.shape
    assert found.arrays[name].tolist() == array.tolist()
    if array.dtype.kind not in "OU":
        assert found.arrays[name].dtype == array.dtype.newbyteorder("=")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes"])
def test_a_document_that_is_no_plain_json_is_not_sent(value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        encode(Frame("answer", {"value": value}))


@pytest.mark.parametrize(
    "array", [np.array([object()]), np.array([1], "datetime64[s]"), np.array([1, "a"], dtype=object)]
)
def test_an_array_of_other_objects_is_not_sent(array: Any) -> None:
    with pytest.raises(ValueError, match="no frame carries"):
        encode(Frame("answer", None, {"x": array}))


@pytest.mark.parametrize(
    "content",
    [
        struct.pack(">I", LONGEST_HEADER + 1),
        struct.pack(">I", 2**32 - 1),
        struct.pack(">I", 3) + b"{'a",
        struct.pack(">I", 2) + b"\xff\xff",
        struct.pack(">I", 200_000) + b"[" * 200_000,
        struct.pack(">I", 2) + b"[]",
        header(extra=1),
        header(kind=1),
        header(arrays={}),
        header(arrays=[listed()] * 5000),
        header(document="+").replace(b'"+"', b"NaN"),
        header(document="+++").replace(b'"+++"', b"1e999"),
        header(document="++++++++").replace(b'"++++++++"', b"-Infinity "),
        header(arrays=[listed(), listed()]) + bytes(16),
        header(arrays=[listed(dtype="object")]) + bytes(8),
        header(arrays=[listed(dtype="O")]) + bytes(8),
        header(arrays=[listed(dtype="float32,float32")]) + bytes(8),
        header(arrays=[listed(shape=[-2])]) + bytes(8),
        header(arrays=[listed(shape=[2.0])]) + bytes(8),
        header(arrays=[listed(shape=[True, 2])]) + bytes(8),
        header(arrays=[listed(shape=[2] * 40)]) + bytes(8),
        header(arrays=[listed(shape=[1 << 41, 0], bytes=0)]),
        header(arrays=[listed(shape=[0, *[1 << 40] * 3], bytes=0)]),
        header(arrays=[listed(shape="2")]) + bytes(8),
        header(arrays=[listed(bytes=4)]) + bytes(8),
        header(arrays=[listed(bytes=-8)]) + bytes(8),
        header(arrays=[listed(name=1)]) + bytes(8),
        header(arrays=[listed(name="x" * 5000)]) + bytes(8),
        header(arrays=[listed(shape=[1 << 39], bytes=1 << 41)]),
        header(arrays=[listed(dtype="bytes", shape=[1 << 30], bytes=8)]) + bytes(8),
        header(arrays=[listed(dtype="bytes", shape=[1], bytes=16)]) + struct.pack("<QQ", 0, 5),
        header(arrays=[listed(dtype="bytes", shape=[1], bytes=17)]) + struct.pack("<QQ", 1, 1) + b"a",
        header(arrays=[listed(dtype="bytes", shape=[2], bytes=25)]) + struct.pack("<QQQ", 0, 2**64 - 1, 1) + b"a",
        header(arrays=[listed(dtype="text", shape=[1], bytes=17)]) + struct.pack("<QQ", 0, 1) + b"\xff",
    ],
)
def test_a_frame_that_breaks_a_rule_is_refused(content: bytes) -> None:
    with pytest.raises(FrameError):
        decode(reader(content + bytes(64)), most_bytes=1 << 20)


def test_arrays_of_more_bytes_than_allowed_are_refused_before_they_are_read() -> None:
    sizes = []

    def read(size: int) -> memoryview:
        sizes.append(size)
        return whole(size)

    whole = reader(sent(Frame("answer", None, {"x": np.zeros(1000), "y": np.zeros(1000)})))

    with pytest.raises(FrameError, match="arrays of 16000 bytes; at most 15999"):
        decode(read, most_bytes=15_999)
    assert max(sizes) < 1000


def test_a_boolean_of_another_byte_is_true() -> None:
    frame = header(arrays=[listed(dtype="bool", shape=[3], bytes=3)]) + bytes([0, 1, 255])

    found = decode(reader(frame)).arrays["x"]

    assert found.view(np.uint8).tolist() == [0, 1, 1]


def test_random_bytes_are_an_error_of_the_frame() -> None:
    chance = random.Random(7)
    good = sent(Frame("answer", {"a": [1, "text"]}, {"x": ARRAYS["floats"], "b": ARRAYS["bytes"], "t": ARRAYS["text"]}))
    refused = 0
    for _ in range(4000):
        content = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(content))
            action = chance.randrange(4)
            if action == 0:
                content[place] = chance.randrange(256)
            elif action == 1:
                del content[place : place + chance.randint(1, 40)]
            elif action == 2:
                content[place:place] = chance.randbytes(chance.randint(1, 40))
            else:
                content[place : place + 4] = struct.pack(">I", chance.choice([0, 1, 2**31, 2**32 - 1]))
        try:
            decode(reader(bytes(content)), most_bytes=1 << 16)
        except (FrameError, EndedError):
            refused += 1
    for _ in range(2000):
        with pytest.raises((FrameError, EndedError)):
            decode(reader(chance.randbytes(chance.randint(0, 300))), most_bytes=1 << 16)
    assert refused > 2000
