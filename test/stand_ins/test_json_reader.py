"""How the stand-in reads JSON, which is how RapidJSON 1.1 does it for TensorFlow Serving."""

from __future__ import annotations

import math

import pytest
from stand_in_server.errors import CallError
from stand_in_server.flags import parse
from stand_in_server.json_reader import Members, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("18446744073709551616", float(2**64)),
        ("-9223372036854775809", -float(2**63)),
        ("-0", 0),
        ("1E+2", 100.0),
        ("1e-400", 0.0),
        ("10e308", math.inf),
        ("Inf", math.inf),
        ("-Infinity", -math.inf),
        ('"\\u00e9\\ud83d\\ude00\\/"', "é😀/".encode()),
        ('"\\u0000"', b"\0"),
        ("[1, [true, null]] x", [1, [True, None]]),
        ("\ufeff {}", Members([])),
        ('{"a": 1, "a": 2}', Members([(b"a", 1), (b"a", 2)])),
    ],
)
def test_takes(text: str, value: object) -> None:
    found = read(text.encode())

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1e400", "1e309", "0e999", "1.", "1e", ".5", "+1", "nan", "Infinit", "[1,]", "[01]", "[1 2]", "[1"),
        *('{"a" 1}', "{1: 2}", '{"a": 1,}', '"\\x"', '"\\ud83d"', '"\\ud83d\\u0041"', '"\\u12g4"', '"a', '"a\nb"'),
        "// c\n1",
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(CallError, match="JSON Parse error"):
        read(text.encode())


def test_bytes_that_are_not_text_are_accepted() -> None:
    assert read(b'"\xff\xfe"') == b"\xff\xfe"


def test_minus_zero_and_nan() -> None:
    assert math.copysign(1, read(b"-0.0")) == -1
    assert math.isnan(read(b"-NaN"))


def test_long_fractions_are_rounded_at_every_step() -> None:
    # 2**53 and its neighbours are the last integers that a double holds: the digits after them are added in doubles.
    assert read(b"0.1") == 0.1
    assert read(b"3.14159265358979323846264") == math.pi
    assert read(b"123456789012345678901234567890") != 123456789012345678901234567890.0


def test_depth_is_not_limited_by_python() -> None:
    depth = 100_000
    value = read(b"[" * depth + b"]" * depth)

    for _ in range(depth - 1):
        [value] = value
    assert value == []


@pytest.mark.parametrize(
    ("argument", "name", "value"),
    [
        ("--port=4294967297", "port", 1),
        ("--port=2147483648", "port", -(2**31)),
        (f"--load_retry_interval_micros={2**80}", "load_retry_interval_micros", 2**63 - 1),
        ("--port=8500", "port", 8500),
    ],
)
def test_a_flag_s_integer_is_truncated_to_its_bits(argument: str, name: str, value: int) -> None:
    values, unknown = parse([argument])

    assert (values[name], unknown) == (value, [])
