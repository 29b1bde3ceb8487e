"""Cases of steps on strings."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import tensorflow as tf
from recorder import NAMES, b64, case

KERAS = r'[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']'
KERAS_EXPLICIT = r"[\x{21}-\x{2f}\x{3a}-\x{40}\x{5b}-\x{60}\x{7b}-\x{7e}]"
TEXTS = [
    b"",
    b" ",
    b"a",
    b"Hello, World!",
    b"  two  words ",
    b"\t\n\x0b\x0c\r tabs\x1c\x1f",
    "Ünïcödé É".encode(),
    "e\u0301a\u0308".encode(),
    "שלום עולם".encode(),
    "مرحبا".encode(),
    "日本語 テキスト".encode(),
    "👩‍👩‍👧 x".encode(),
    "\u00a0\u2003nb\u3000".encode(),
    b"nul\x00mid",
    b"\x00",
    b"\xff\xfe",
    b"ok\x80bad",
    b"\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xed\xa0\x80s",
    b"\xed\xb0\x80",
    b"\xc0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xe2\x28\xa1",
    "İıſK".encode(),
    b"a,b,,c,",
    b",",
    b"aa--bb----cc",
    b"A" * 70,
    ("long " * 300).encode(),
    "ß".encode() * 100,
]


def strings() -> None:
    texts = tf.constant(TEXTS)
    case("StringLower", {"input": texts}, {"encoding": ""})
    case("StringUpper", {"input": texts}, {"encoding": ""})
    case("StringStrip", {"input": texts}, {})
    for unit in ("BYTE", "UTF8_CHAR"):
        case("StringLength", {"input": texts}, {"unit": unit})
        for position, length in ((0, 1), (1, 2), (-1, 1), (-2, 5), (0, 0), (3, 100), (0, -1)):
            for text in TEXTS:
                case("Substr", {"input": [text], "pos": np.int64(position), "len": np.int64(length)}, {"unit": unit})
    for pattern, explicit, rewrite in (
        (KERAS, KERAS_EXPLICIT, b""),
        (KERAS, KERAS_EXPLICIT, b"<\\0>"),
        (r"\s+", r"[\x{9}-\x{a}\x{c}-\x{d}\x{20}]+", b" "),
        ("([a-m])([n-z]?)", r"([\x{61}-\x{6d}])([\x{6e}-\x{7a}]?)", b"\\2\\1\\\\"),
        ("é|ö", r"\x{e9}|\x{f6}", b"_"),
        (
            "[^a-z]",
            r"[\x{0}-\x{60}\x{7b}-\x{7f}]|(?-u:[\xC2-\xDF][\x80-\xBF]|[\xE0-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3})",
            b".",
        ),
        (r"^\w", r"\A[\x{30}-\x{39}\x{41}-\x{5a}\x{5f}\x{61}-\x{7a}]", b"#"),
        ("o$", r"\x{6f}\z", b"0"),
    ):
        for every in (True, False):
            written = {"pattern": explicit, "rewrite": b64(rewrite), "replace_global": every}
            case(
                "StaticRegexReplace",
                {"input": texts},
                {"pattern": pattern, "rewrite": rewrite, "replace_global": every},
                written,
            )
    case("StaticRegexFullMatch", {"input": texts}, {"pattern": "[a-z]*"}, {"pattern": r"[\x{61}-\x{7a}]*"})
    case("StringJoin", {"inputs": [texts, tf.constant("x"), texts]}, {"separator": "-"}, {"separator": b64(b"-")})
    for separator in (b"", b" ", b",", b"--"):
        case("StringSplitV2", {"input": texts, "sep": tf.constant(separator)}, {"maxsplit": -1})
        case("StringSplitV2", {"input": texts, "sep": tf.constant(separator)}, {"maxsplit": 1})


def hashes_and_numbers() -> None:
    random.seed(49)
    texts = tf.constant([random.randbytes(length) for length in [*range(300), 384, 448, 512, 1000, 4096]])
    for buckets in (2**63 - 1, 1, 10, 1000003):
        case("StringToHashBucketFast", {"input": texts if buckets > 2**62 else texts[:20]}, {"num_buckets": buckets})
    for key in ([3, 4], [0, 0], [2**63 - 1, 12345]):
        case(
            "StringToHashBucketStrong",
            {"input": texts if key == [3, 4] else texts[:40]},
            {"num_buckets": 2**62, "key": key},
            {"num_buckets": 2**62, "key": [str(half) for half in key]},
        )
    numbers = [
        b"1",
        b"+1",
        b" -7\n",
        b"\x0b1",
        b"",
        b"--1",
        b"1.5",
        b"1e3",
        b".5",
        b"5.",
        b"1e",
        b"inf",
        b"-Infinity",
        b"nan",
        b"1_0",
        b"0012",
        b"9223372036854775807",
        b"9223372036854775808",
        b"2147483648",
        b"1e400",
        b"4e38",
        b"1e-45",
        b"\xc2\xa01",
        b"1\x00",
        b"+-1",
        b"infinit",
    ]
    for text in numbers:
        for dtype in ("float32", "float64", "int32", "int64"):
            case("StringToNumber", {"string_tensor": [text]}, {"out_type": NAMES[dtype]}, {"out_type": dtype})
    whole = (np.array([0, -5, 2**62], np.int64), np.array([-(2**31), 7], np.int32), np.array([0, 255], np.uint8))
    for value in (*whole, np.array([True, False]), texts[:9]):
        case("AsString", {"input": value}, {})
    for to in ("int32", "int64", "float32", "float64", "bool"):
        for value in (
            np.array([-3, 0, 2**40 + 1], np.int64),
            np.array([1.9, -1.9, 0.0], np.float32),
            np.array([True, False]),
        ):
            case("Cast", {"x": value}, {"DstT": NAMES[to]}, {"DstT": to})
    for number in (np.float32, np.float64, np.int32, np.int64):
        values = np.array([[-3, 0, 1], [2, 7, 2**24 + 1]], number)
        case("Bucketize", {"input": values}, {"boundaries": [0.0, 1.0, 2.5, 7.0]})
        case("Bucketize", {"input": values}, {"boundaries": []})
    case(
        "Bucketize",
        {"input": np.array([np.nan, np.inf, -np.inf, 0.1, 0.30000001192], np.float32)},
        {"boundaries": [0.1, 0.3]},
    )
    words, codes = tf.constant([["a", "b"], ["", "\u4e16"]]), tf.constant([[1, -2, 2**62], [0, 7, 7]], tf.int64)
    for columns in ([words, codes], [codes, words], [codes], [words, words, codes]):
        sparse = {
            "indices": [],
            "values": [],
            "shapes": [],
            "hashed_output": True,
            "out_type": tf.int64,
            "internal_type": tf.int64,
        }
        for salt in (956888297470, 2**63 - 1):
            written = {"num_buckets": 1000, "hash_key": str(salt)}
            case("SparseCross", {"dense_inputs": columns}, {"num_buckets": 1000, "hash_key": salt}, written, **sparse)


def pieces() -> None:
    words, splits = tf.constant([b"a", b"bb", b"c", b"", b"e\xcc\x81"]), np.array([0, 3, 3, 4, 5], np.int64)
    given: dict[str, Any]
    for widths, pad, short in (
        ([2], 0, False),
        ([1, 2], 0, False),
        ([3], -1, False),
        ([2, 3], 1, False),
        ([4], 0, True),
        ([5], 1, True),
        ([1, 2, 3], 0, True),
    ):
        given = {
            "separator": b" ",
            "ngram_widths": widths,
            "left_pad": b"<",
            "right_pad": b">",
            "pad_width": pad,
            "preserve_short_sequences": short,
        }
        written = given | {name: b64(given[name]) for name in ("separator", "left_pad", "right_pad")}
        case("StringNGrams", {"data": words, "data_splits": splits}, given, written)
    for errors in ("replace", "ignore"):
        given = {
            "input_encoding": "UTF-8",
            "errors": errors,
            "replacement_char": 65533,
            "replace_control_characters": False,
        }
        case(
            "UnicodeDecode", {"input": tf.constant(TEXTS)}, given | {"Tsplits": tf.int64}, given | {"Tsplits": "int64"}
        )
        encoded = {"output_encoding": "UTF-8", "errors": errors, "replacement_char": 65533}
        points = np.array([97, 0, 0xE9, 0x20AC, 0x1F600, 0xD800, 0xDFFF, 0x110000, -1], np.int32)
        case("UnicodeEncode", {"input_values": points, "input_splits": np.array([0, 2, 2, 5, 9], np.int64)}, encoded)
    given = {
        "separator": b"",
        "ngram_widths": [2],
        "left_pad": b"",
        "right_pad": b"",
        "pad_width": -1,
        "preserve_short_sequences": False,
    }
    written = given | {name: b64(b"") for name in ("separator", "left_pad", "right_pad")}
    case(
        "StringNGrams",
        {"data": tf.constant([b"a", b"b", b"c"]), "data_splits": tf.constant([0, 0, 3], tf.int32)},
        given,
        written,
    )
    case(
        "StringNGrams",
        {"data": tf.constant([b"a", b"b", b"c"]), "data_splits": np.array([0, 2], np.int64)},
        given,
        written,
    )
