"""A model with a text part: its directory, and what TensorFlow makes of its texts."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from handler_models import convert, write
from server_models import checksums
from tensorflow_optimizer.text.tables import table_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAME, LENGTH, UNKNOWN = "texts", 4, 1
WORDS = [b"cat", b"dog", b"the", "größe".encode(), "日本".encode(), b"nul\x00mid", b"\xff\xfe", b""]
PUNCTUATION = r"[\x{21}-\x{2f}\x{3a}-\x{40}\x{5b}-\x{60}\x{7b}-\x{7e}]"


def text(value: bytes = b"") -> str:
    """Return bytes as descriptions have them."""
    return base64.b64encode(value).decode()


def description(table: bytes) -> dict[str, Any]:
    """Return text.json: words in lower case, without punctuation, looked up, and cut or filled to a length."""
    attributes = {"pattern": PUNCTUATION, "rewrite": text(), "replace_global": True}
    steps = [
        ("StringLower", [0], 1, {"encoding": ""}),
        ("StaticRegexReplace", [5], 1, attributes),
        ("StringSplitV2", [6, 1], 3, {"maxsplit": -1}),
        ("LookupTableFindV2", [8, 2], 1, {"table": 0}),
        ("Size", [8], 1, {"out_type": "int64"}),
        ("Pack", [3, 11], 1, {"axis": 0}),
        ("RaggedTensorToTensor", [4, 10, 3, 12], 1, {"row_partition_types": ["ROW_SPLITS"]}),
        ("Cast", [13], 1, {"DstT": "int32"}),
    ]
    numbered, number = [], 5
    for operation, inputs, outputs, given in steps:
        made = list(range(number, number + outputs))
        numbered.append({"operation": operation, "inputs": inputs, "outputs": made, "attributes": given})
        number += outputs
    constants = [
        {"dtype": "string", "shape": [], "values": [text()]},
        {"dtype": "int64", "shape": [], "values": [UNKNOWN]},
        {"dtype": "int64", "shape": [], "values": [0]},
        {"dtype": "int64", "shape": [2], "values": [1, LENGTH]},
    ]
    return {
        "schemaVersion": 1,
        "tables": [
            {
                "file": "text-0.table",
                "sha256": hashlib.sha256(table).hexdigest(),
                "size": len(table),
                "entries": len(WORDS),
                "key": "string",
                "value": "int64",
            }
        ],
        "signatures": {
            "serving_default": {
                "inputs": [{"name": "text", "dtype": "string", "shape": [1]}],
                "constants": constants,
                "steps": numbered,
                "fed": [{"input": "ids", "value": 14}],
            }
        },
    }


def build(root: Path, shape: Sequence[int] = (-1,)) -> Path:
    """Write the model: it answers twice the numbers of the first words."""
    import tensorflow as tf

    spec = tf.TensorSpec([1, LENGTH], tf.int32, name="ids")
    doubled = tf.function(lambda ids: {"y": tf.cast(ids, tf.float32) * 2.0}, input_signature=[spec])
    directory = root / NAME / "1"
    directory.mkdir(parents=True)
    write(directory, convert(root / "saved", {"serving_default": doubled}), model=NAME, version=1)
    model = json.loads((directory / "model.json").read_text())
    signature = model["signatures"]["serving_default"]
    signature["fileInputs"] = signature["inputs"]
    signature["inputs"] = {"text": {"dtype": "string", "shape": list(shape)}}
    table = table_bytes(WORDS, np.arange(len(WORDS), dtype=np.int64) + 2)
    publish(directory, model, description(table), table)
    return directory


def publish(directory: Path, model: dict[str, Any], part: dict[str, Any] | bytes, table: bytes | None) -> None:
    """Write the documents of a model, each with the digests of those that it names."""
    content = part if isinstance(part, bytes) else json.dumps(part).encode()
    (directory / "text.json").write_bytes(content)
    if table is not None:
        (directory / "text-0.table").write_bytes(table)
    model["text"] = {"file": "text.json", "sha256": hashlib.sha256(content).hexdigest()}
    (directory / "model.json").write_text(json.dumps(model))
    checksums(directory)


def expected(texts: Sequence[bytes]) -> list[list[float]]:
    """Return what TensorFlow makes of texts."""
    import tensorflow as tf

    cleaned = tf.strings.regex_replace(tf.strings.lower(tf.constant(texts)), r"""[!-/:-@\[-`{-~]""", "")
    initializer = tf.lookup.KeyValueTensorInitializer(WORDS, tf.range(2, len(WORDS) + 2, dtype=tf.int64))
    table = tf.lookup.StaticHashTable(initializer, UNKNOWN)
    ids = tf.ragged.map_flat_values(table.lookup, tf.strings.split(cleaned)).to_tensor(shape=[None, LENGTH])
    return [[2.0 * number for number in row] for row in ids.numpy().tolist()]
