"""Answers, messages and end of a leaf."""

from __future__ import annotations

import logging
import os
import signal
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tensorflow_optimizer.errors import BadInputError, OptimizerError, RunError
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.processes import progress_events
from tensorflow_optimizer.processes.exhaustion import ExhaustedError
from tensorflow_optimizer.processes.progress import Progress
from tensorflow_optimizer.sandbox import LeafEndedError, LeafLateError, Limits, Sandbox, Wanted, Zygote, streams

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.processes.progress_events import Event


def test_a_leaf_answers_with_documents_and_arrays(leaves: Sandbox) -> None:
    big = np.arange(2_000_000, dtype=np.float32)
    with leaves.leaf("sandbox_tasks:echo") as leaf:
        for number in range(3):
            answer = leaf.ask({"number": number}, {"x": big, "words": np.array([b"a", b""], dtype=object)})

            assert answer.document == {"number": number}
            assert (answer.arrays["x"] == big).all()
            assert answer.arrays["words"].tolist() == [b"a", b""]


def test_leaves_answer_in_turns_and_at_the_same_time(leaves: Sandbox) -> None:
    found: dict[int, object] = {}

    def ask(number: int) -> None:
        with leaves.leaf("sandbox_tasks:echo") as leaf:
            found[number] = [leaf.ask([number, turn]).document for turn in range(5)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {number: [[number, turn] for turn in range(5)] for number in range(4)}
    with leaves.leaf("sandbox_tasks:echo") as one, leaves.leaf("sandbox_tasks:echo") as two:
        assert [leaf.ask(turn).document for turn in range(3) for leaf in (one, two)] == [0, 0, 1, 1, 2, 2]


def test_a_leaf_with_another_environment_is_a_new_process_with_the_same_layers(leaves: Sandbox) -> None:
    question = "result = [os.environ.get('TF_ENABLE_ONEDNN_OPTS'), os.environ['HOME'] == str(directory) == os.getcwd()]"
    with (
        leaves.leaf("sandbox_tasks:evaluate") as forked,
        leaves.leaf("sandbox_tasks:evaluate", environment={"TF_ENABLE_ONEDNN_OPTS": "0"}) as started,
    ):
        assert forked.ask(question).document == [os.environ.get("TF_ENABLE_ONEDNN_OPTS"), True]
        assert started.ask(question).document == ["0", True]
        assert started.layers == forked.layers


@pytest.mark.parametrize(
    ("asked", "kind", "text", "hints"),
    [
        ("input", BadInputError, "two lines", (Hint.TAGS,)),
        ("run", RunError, "cannot run", None),
        (
            "unexpected",
            OptimizerError,
            "the optimizer failed unexpectedly (KeyError: 'a\\nb'); the log has the details",
            (),
        ),
        ("memory", ExhaustedError, "the job ran out of memory; choose a larger machine", (Hint.MACHINE_SIZE,)),
    ],
)
def test_an_error_travels_with_its_kind_and_its_hints(
    leaves: Sandbox, asked: str, kind: type[Exception], text: str, hints: object
) -> None:
    with leaves.leaf("sandbox_tasks:fail") as leaf:
        for _ in range(2):  # the leaf goes on
            with pytest.raises(kind) as raised:
                leaf.ask(asked)
            assert type(raised.value) is kind
            assert str(raised.value) == text
            assert getattr(raised.value, "hints", None) == hints


def test_an_error_before_the_first_request_is_its_answer(leaves: Sandbox) -> None:
    with leaves.leaf("sandbox_tasks:raise_at_once") as leaf, pytest.raises(BadInputError, match="no model"):
        leaf.ask()
    with leaves.leaf("sandbox_tasks:nothing") as leaf, pytest.raises(OptimizerError, match="AttributeError"):
        leaf.ask()


def test_what_a_leaf_says_has_neither_line_ends_nor_escape_sequences(
    leaves: Sandbox, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Event] = []
    monkeypatch.setattr(progress_events, "show", shown.append)
    progress = Progress()
    with caplog.at_level(logging.INFO), leaves.leaf("sandbox_tasks:talk", progress=progress) as leaf:
        leaf.ask(2)
        process = leaf.process

    assert [(warning.text, warning.hints, warning.candidate) for warning in progress.warned] == [
        (f"warn {number}", (Hint.TAGS,), "small") for number in range(2)
    ]
    lines = [record.getMessage() for record in caplog.records]
    assert {"say 0 next", "say 1 next", "line 0 red", "line 1 red"} <= set(lines)
    assert all(line.isprintable() for line in lines)
    assert {(event.process, event.text) for event in shown} >= {(process, "counting")}
    assert {event.process for event in shown} == {process}


def test_the_number_of_messages_is_bounded(leaves: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    progress = Progress()
    with caplog.at_level(logging.INFO), leaves.leaf("sandbox_tasks:talk", progress=progress) as leaf:
        leaf.ask(3000)

    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) < 4100
    assert "the model's process says more than 1000 messages; the others are left out" in lines
    assert "the model's process writes more than 2000 lines; the others are left out" in lines
    assert len(progress.warned) <= 1000


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (-signal.SIGKILL, "the model's process was killed, most likely because it ran out of memory"),
        (-signal.SIGSEGV, r"the model's process crashed in native code \(SIGSEGV\)"),
        (3, r"the model's process ended without an answer \(code 3\)"),
        (0, r"the model's process ended without an answer \(code 0\)"),
    ],
)
def test_the_end_of_a_leaf_is_an_error(leaves: Sandbox, code: int, text: str) -> None:
    with leaves.leaf("sandbox_tasks:end") as leaf:
        for _ in range(2):
            with pytest.raises(LeafEndedError, match=text) as raised:
                leaf.ask(int(code))
            assert raised.value.signal == (-code if code < 0 else None)


def frame(header: bytes) -> str:
    return (struct.pack(">I", len(header)) + header).hex()


@pytest.mark.parametrize(
    "sent",
    [
        b"garbage of a model".hex(),
        frame(b"no json"),
        frame(b'{"kind":"answer","document":NaN,"arrays":[]}'),
        frame(b'{"kind":"verdict","document":1,"arrays":[]}'),
        frame(b'{"kind":"layers","document":{},"arrays":[]}'),
        frame(b'{"kind":"answer","document":1,"arrays":[{"name":"x","dtype":"int8","shape":[2000],"bytes":2000}]}'),
    ],
)
def test_an_answer_that_is_none_ends_the_leaf(leaves: Sandbox, sent: str) -> None:
    with leaves.leaf("sandbox_tasks:send_bytes") as leaf:
        with pytest.raises(LeafEndedError, match="which the optimizer never does: optimize only models that you trust"):
            leaf.ask(sent, answer_bytes=1000)
        with pytest.raises(LeafEndedError):
            leaf.ask(sent)


def test_the_half_of_an_answer_is_the_end_of_the_leaf(leaves: Sandbox) -> None:
    with leaves.leaf("sandbox_tasks:send_bytes") as leaf, pytest.raises(LeafEndedError, match="code 0"):
        leaf.ask(frame(b'{"kind":"answer"')[:-8])


@pytest.mark.parametrize("content", [b"\0\0", struct.pack(">I", 200) + b'{"kind":"answer"'])
def test_a_leaf_that_falls_silent_in_the_middle_of_an_answer_is_ended(
    leaves: Sandbox, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_LONGEST_SILENCE", 0.2)
    with leaves.leaf("sandbox_tasks:send_bytes_and_wait") as leaf:
        process = leaf.process
        with pytest.raises(LeafEndedError, match=r"a part of a frame, and nothing more for 0\.2 seconds"):
            leaf.ask(content.hex())
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_an_error_of_a_leaf_is_data_too(leaves: Sandbox) -> None:
    sent = frame(
        b'{"kind":"error","document":{"kind":["GateError"],"text":{"a":1},"hints":[1,"tags","none"]},"arrays":[]}'
    )
    with leaves.leaf("sandbox_tasks:send_bytes") as leaf, pytest.raises(OptimizerError) as raised:
        leaf.ask(sent)
    assert type(raised.value) is OptimizerError
    assert raised.value.hints == (Hint.TAGS,)


def test_a_leaf_that_does_not_answer_in_time_is_ended(leaves: Sandbox) -> None:
    with leaves.leaf("sandbox_tasks:evaluate") as leaf:
        leaf.ask("result = 1")
        process = leaf.process
        with pytest.raises(LeafLateError, match=r"did not answer within 0\.2 seconds"):
            leaf.ask("time.sleep(600)", seconds=0.2)
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_an_interrupted_request_leaves_no_answer_for_the_next(leaves: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with leaves.leaf("sandbox_tasks:echo") as leaf:
        leaf.ask("first")
        with monkeypatch.context() as patched:
            patched.setattr(leaf, "_answer", interrupt)
            with pytest.raises(KeyboardInterrupt):
                leaf.ask("second")
        with pytest.raises(LeafEndedError):
            leaf.ask("third")


def test_a_request_that_cannot_be_sent_is_the_judges_own_error(leaves: Sandbox) -> None:
    with leaves.leaf("sandbox_tasks:echo") as leaf:
        with pytest.raises(ValueError, match="which no frame carries"):
            leaf.ask(None, {"x": np.array([object()])})
        assert leaf.ask("next").document == "next"


def test_files_are_taken_when_the_leaf_has_ended(leaves: Sandbox, place: Path) -> None:
    with leaves.leaf("sandbox_tasks:evaluate") as leaf:
        leaf.ask("(directory / 'out').mkdir(); (directory / 'out' / 'model.tflite').write_bytes(b'TFL3')")
        process = leaf.process
        leaf.take(Wanted.file("out", "model.tflite"), place / "taken")

        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
    assert (place / "taken" / "model.tflite").read_bytes() == b"TFL3"
    assert (place / "taken" / "model.tflite").stat().st_uid == os.geteuid()
    assert not leaf.directory.exists()


def test_a_leaf_says_what_it_has_used(leaves: Sandbox) -> None:
    with leaves.leaf("sandbox_tasks:evaluate") as leaf:
        before = leaf.peak_mebibytes
        leaf.ask("held = bytearray(os.urandom(1 << 20) * 100); result = sum(range(1_000_000))")
        assert before is not None
        assert leaf.peak_mebibytes is not None
        assert leaf.peak_mebibytes > before + 90
        assert leaf.processor_seconds is None
    assert leaf.peak_mebibytes > before + 90
    assert leaf.processor_seconds is not None
    assert leaf.processor_seconds > 0


def test_a_leaf_of_a_zygote_that_was_killed_is_an_error(place: Path) -> None:
    with Zygote(()) as zygote, Sandbox(place, zygote=zygote) as sandbox:
        with sandbox.leaf("sandbox_tasks:echo") as leaf:
            assert leaf.ask("before").document == "before"
            zygote._process.kill()
            zygote._process.wait()
            assert leaf.ask("a leaf that has started goes on").document
        with sandbox.leaf("sandbox_tasks:echo") as leaf, pytest.raises(LeafEndedError, match="was not started"):
            leaf.ask("after")


def test_a_sandbox_leaves_nothing(bare: Zygote, place: Path) -> None:
    with Sandbox(place, zygote=bare) as sandbox:
        leaf = sandbox.leaf("sandbox_tasks:evaluate", limits=Limits(processes=8))
        leaf.ask("(directory / 'deep' / 'er').mkdir(parents=True); (directory / 'deep').chmod(0)")
        process = leaf.process

    assert not list(place.iterdir())
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        pytest.fail("the leaf goes on")
    sandbox.close()
