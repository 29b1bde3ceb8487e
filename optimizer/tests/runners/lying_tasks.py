"""Tasks of leaves that answer what no model with the signature `serve` of `x` to `y` answers."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from tensorflow_optimizer.documents.manifest import LiteRtTensor, Signature, Tensor
from tensorflow_optimizer.documents.plain import to_plain
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Channel

ROWS, SIZE = 4, 3
#: Seconds of processor time, and of sleep.
COMPUTED, WAITED = 0.005, 1.0
HONEST = np.ones((ROWS, SIZE), np.float32)
SPECS = {
    "serve": SignatureSpec(
        "serve",
        "tensorflow/serving/predict",
        {"x": TensorSpec("float32", (None, 2), "x:0")},
        {"y": TensorSpec("float32", (None, SIZE), "y:0")},
    )
}


def described() -> dict[str, Signature]:
    """Describe the same as a .tflite file."""

    def tensor(size: int) -> Tensor:
        return Tensor(dtype="float32", shape=[-1, size], tensor=LiteRtTensor(dtype="float32", shape=[1, size]))

    return {"serve": Signature(batched=True, inputs={"x": tensor(2)}, outputs={"y": tensor(SIZE)})}


def _answer(channel: Channel, answers: Any, specs: Any = SPECS) -> None:
    for request in channel:
        if request.document.get("kind") == "saved_model":
            channel.answer({"signatures": to_plain(dict[str, SignatureSpec], specs)})
        elif request.document.get("kind") == "litert":
            channel.answer({"signatures": to_plain(dict[str, Signature], described())})
        elif "signature" in request.document:
            channel.answer({}, answers)
        else:
            channel.answer({})


def honest(channel: Channel, _: Path) -> None:
    _answer(channel, {"y": HONEST})


def another_shape(channel: Channel, _: Path) -> None:
    _answer(channel, {"y": HONEST[:, :2]})


def another_rank(channel: Channel, _: Path) -> None:
    _answer(channel, {"y": HONEST[0, 0]})


def too_few_rows(channel: Channel, _: Path) -> None:
    _answer(channel, {"y": HONEST[:-1]})


def another_type(channel: Channel, _: Path) -> None:
    _answer(channel, {"y": HONEST.astype(np.float64)})


def strings(channel: Channel, _: Path) -> None:
    _answer(channel, {"y": np.full(HONEST.shape, b"1", object)})


def another_output(channel: Channel, _: Path) -> None:
    _answer(channel, {"z": HONEST})


def one_more_output(channel: Channel, _: Path) -> None:
    _answer(channel, {"y": HONEST, "z": HONEST})


def no_output(channel: Channel, _: Path) -> None:
    _answer(channel, {})


def computes(channel: Channel, _: Path) -> None:
    """Compute, and wait longer."""
    for request in channel:
        for _call in range(request.document.get("times", 0)):
            _compute()
            time.sleep(WAITED)
        _describe(channel)


def computes_in_a_child(channel: Channel, _: Path) -> None:
    """Let a child compute, and wait for it."""
    for request in channel:
        for _call in range(request.document.get("times", 0)):
            child = os.fork()
            if child == 0:
                _compute()
                os._exit(0)
            os.waitpid(child, 0)
        _describe(channel)


def computes_in_an_orphan(channel: Channel, _: Path) -> None:
    """Let a process compute that this one is not the parent of, and wait for its word."""
    reading, writing = os.pipe()
    for request in channel:
        for _call in range(request.document.get("times", 0)):
            child = os.fork()
            if child == 0:
                if os.fork() == 0:
                    _compute()
                    os.write(writing, b"x")
                os._exit(0)
            os.read(reading, 1)
            os.waitpid(child, 0)
        _describe(channel)


def _compute() -> None:
    end = time.process_time() + COMPUTED
    while time.process_time() < end:
        pass


def _describe(channel: Channel) -> None:
    channel.answer({"signatures": to_plain(dict[str, SignatureSpec], SPECS)})


def another_signature(channel: Channel, _: Path) -> None:
    _answer(channel, {"y": HONEST}, {"other": SPECS["serve"]})


def nonsense(channel: Channel, _: Path) -> None:
    for _request in channel:
        channel.answer({"signatures": {"serve": ["no", {"signature": 1}]}})


def ends_in_the_middle(channel: Channel, _: Path) -> None:
    for request in channel:
        if "signature" in request.document:
            os._exit(0)
        channel.answer({"signatures": to_plain(dict[str, SignatureSpec], SPECS)})
