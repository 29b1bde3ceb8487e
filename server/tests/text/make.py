"""Writes cases.json: steps, and what TensorFlow answers to them. Run it with the repository's Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import number_cases
import shape_cases
import string_cases
import tensorflow as tf
from recorder import b64, cases
from string_cases import KERAS, KERAS_EXPLICIT


def every_code_point() -> list[dict[str, Any]]:
    """Return, for operations that leave most code points as they are, those that they change."""
    points = list(range(0x110000))
    texts = tf.constant([chr(point).encode("utf-8", "surrogatepass") for point in points])
    found = []
    for operation, given, written in (
        ("StringLower", {"encoding": ""}, {"encoding": ""}),
        ("StringUpper", {"encoding": ""}, {"encoding": ""}),
        ("StringStrip", {}, {}),
        (
            "StaticRegexReplace",
            {"pattern": KERAS, "rewrite": "", "replace_global": True},
            {"pattern": KERAS_EXPLICIT, "rewrite": "", "replace_global": True},
        ),
    ):
        answers = getattr(tf.raw_ops, operation)(input=texts, **given).numpy().tolist()
        changed = {
            str(point): b64(answer)
            for point, text, answer in zip(points, texts.numpy().tolist(), answers, strict=True)
            if text != answer
        }
        found.append({"operation": operation, "attributes": written, "changed": changed})
    rows = tf.raw_ops.StringSplitV2(input=tf.constant([text + b"x" for text in texts.numpy().tolist()]), sep="")
    kept = dict(zip(rows.indices.numpy()[:, 0].tolist(), rows.values.numpy().tolist(), strict=True))
    changed = {str(point): b64(kept[point]) for point in points if kept[point] == b"x"}
    return [*found, {"operation": "split", "attributes": {"maxsplit": -1}, "changed": changed}]


def main() -> None:
    """Write the file."""
    string_cases.strings()
    string_cases.hashes_and_numbers()
    string_cases.pieces()
    shape_cases.shapes()
    shape_cases.sizes()
    shape_cases.choices()
    number_cases.numbers()
    number_cases.truths()
    number_cases.odd_numbers()
    text = json.dumps({"cases": cases, "everyCodePoint": every_code_point()}, separators=(",", ":"))
    (Path(__file__).parent / "cases.json").write_text(
        text.replace('},{"operation"', '},\n{"operation"') + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
