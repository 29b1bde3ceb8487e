"""A model that takes more and more of the machine is ended, with a sentence that says of what."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from sample_users import is_root
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.sandbox import LeafEndedError, Limits, Sandbox
from tensorflow_optimizer.sandbox import watch as watching
from tensorflow_optimizer.sandbox.limits import total_memory

if TYPE_CHECKING:
    from pathlib import Path

BOMBS = [
    ("processes", Limits(processes=20), "it has more than 20 processes"),
    ("memory", Limits(memory_bytes=300 << 20), r"it uses \d+ MiB of memory, and at most 300 MiB are allowed"),
    (
        "memory of children",
        Limits(memory_bytes=300 << 20),
        r"it uses \d+ MiB of memory, and at most 300 MiB are allowed",
    ),
    ("disk", Limits(disk_bytes=20 << 20), r"it has written \d+ MiB, and at most 20 MiB are allowed"),
    ("files without a name", Limits(disk_bytes=20 << 20), r"it has written \d+ MiB, and at most 20 MiB are allowed"),
    ("files", Limits(files=200), "it has made more than 200 files"),
    ("depth", Limits(), "it has made directories more than 64 deep"),
    ("time", Limits(seconds=0.5), r"it has run for more than 0\.5 seconds"),
]


@pytest.mark.fault
@pytest.mark.parametrize(("kind", "limits", "text"), BOMBS, ids=[kind for kind, *_ in BOMBS])
def test_a_bomb_is_ended_and_leaves_nothing(leaves: Sandbox, kind: str, limits: Limits, text: str) -> None:
    with leaves.leaf("sandbox_tasks:bomb", limits=limits) as leaf:
        with pytest.raises(LeafEndedError, match=rf"the model's process was ended because {text}; choose a") as raised:
            leaf.ask(kind)
        assert raised.value.hints == (Hint.MACHINE_SIZE,)
        assert raised.value.signal is None
    assert not leaf.directory.exists()


@pytest.mark.parametrize("kind", ["processes", "memory of children", "files without a name"])
def test_a_bomb_of_the_same_user_is_ended_too(leaves_of_same_user: Sandbox, kind: str) -> None:
    limits, text = next((limits, text) for name, limits, text in BOMBS if name == kind)
    with (
        leaves_of_same_user.leaf("sandbox_tasks:bomb", limits=limits) as leaf,
        pytest.raises(LeafEndedError, match=text),
    ):
        leaf.ask(kind)


def test_the_default_limits_are_those_of_the_machine(tmp_path: Path) -> None:
    found = Limits().resolved(tmp_path)

    assert found.memory_bytes is not None
    assert found.disk_bytes is not None
    assert 0.5 * total_memory() < found.memory_bytes < total_memory()
    assert total_memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert found.disk_bytes > 0
    assert Limits(memory_bytes=5, disk_bytes=6).resolved(tmp_path) == Limits(memory_bytes=5, disk_bytes=6)


@pytest.mark.parametrize(
    ("function", "text"),
    [("_free_bytes", "the disk has only 1 MiB left"), ("_available_memory", "the machine has only 1 MiB")],
)
def test_what_is_left_of_the_machine_counts_whoever_uses_it(
    tmp_path: Path, function: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = watching.Watch(tmp_path, Limits().resolved(tmp_path))
    assert watch.violation() is None

    monkeypatch.setattr(watching, function, lambda *_: 1 << 20)
    watch._next_measurement = 0.0

    assert re.match(text, watch.violation() or "")


def test_a_full_machine_is_no_reason_to_end_a_leaf_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_free_bytes", lambda _: 1 << 20)
    monkeypatch.setattr(watching, "_available_memory", lambda: 1 << 20)

    assert watching.Watch(tmp_path, Limits()).violation() is None


@pytest.mark.skipif(not is_root, reason="only a leaf with a user of its own has this limit")
def test_the_threads_of_a_leaf_are_bounded_by_the_kernel(leaves: Sandbox) -> None:
    many = """
import threading
wait, started = threading.Event(), 0
try:
    for _ in range(100):
        threading.Thread(target=wait.wait, daemon=True).start()
        started += 1
except RuntimeError:
    pass
wait.set()
result = started
"""
    with leaves.leaf("sandbox_tasks:evaluate", limits=Limits(threads=40)) as leaf:
        assert 20 < leaf.ask(many).document < 40
    with leaves.leaf("sandbox_tasks:evaluate") as leaf:
        assert leaf.ask(many).document == 100
