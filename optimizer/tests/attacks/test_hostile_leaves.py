"""Code of a model that runs in a leaf: what it writes, leaves behind and says."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from attempts import WITHOUT_LAYERS_TOO, attempts
from hostile_actions import frame
from hostile_leaf import FILES, Script, marker
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.sandbox import Answer, Sandbox
from world import SECRET, asked, left_behind, play, sentence_of, taken

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Zygote
    from world import World

BUILD, ANSWER, PROBE = "hostile_leaf:build_files", "hostile_leaf:answer_rows", "hostile_leaf:try_all"
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root gives each leaf a user of its own"
)


def script(*before: list[Any], task: str = BUILD, **phases: Any) -> Script:
    """Return a script whose actions are between the files and the answer."""
    return Script(task, marker(0), before=list(before), **phases)


@pytest.mark.parametrize("name", ["write", "append", "remove", "symlink", "hard link", "sparse", "set user id"])
def test_a_leaf_changes_nothing_outside_its_directory(world: World, bare_sandbox: Sandbox, name: str) -> None:
    arguments = {
        "write": ["x"],
        "append": ["x"],
        "symlink": ["/etc/passwd"],
        "hard link": ["made"],
        "sparse": [1 << 20],
    }
    targets = [
        *world.targets(),
        str(world.place / "new"),
        str(world.open / "new"),
        "/tmp/attack-new",
        "/dev/shm/attack",
    ]
    before = world.state()

    with play(bare_sandbox, script(*([name, target, *arguments.get(name, [])] for target in targets))) as leaf:
        asked(leaf)

    assert world.state() == before
    assert not os.path.lexists("/tmp/attack-new")
    assert not os.path.lexists("/dev/shm/attack")


REFUSED = {
    "a link to a file of others": (["symlink", "made/assets/x", "/etc/passwd"], "left assets/x, "),
    "a link to a file of its own": (["symlink", "made/assets/x", "words.txt"], "left assets/x, "),
    "a link that has a known name": (["symlink", "made/saved_model.pb", "/proc/self/environ"], "left saved_model.pb, "),
    "a link to a directory": (["directory link", "made/variables", "/tmp"], "left variables, "),
    "a link as the directory": (["directory link", "made", "/etc"], "left no made"),
    "a pipe": (["fifo", "made/fingerprint.pb"], None),
    "another name": (["write", "made/record.json", "{}"], "left record.json, "),
    "another directory": (["write", "made/x/saved_model.pb", ""], "left x, "),
    "a directory in the place of a file": (["nest", "made/fingerprint.pb", 1], "left fingerprint.pb, "),
    "a name of two lines": (["write", "made/assets/a\nb", ""], "left assets/a b, "),
    "a name with an escape sequence": (["write", "made/assets/\x1b[31mred", ""], "left assets/red, "),
    "a name that shows backwards": (["write", "made/assets/\u202egpj", ""], "left assets/ gpj, "),
    "directories inside each other": (["nest", "made/assets", 20], "left directories more than 8 deep"),
    "more files than any model": (["many", "made/assets", 10_001], "left more than 10000 files"),
    "a file larger than any model": (["sparse", "made/assets/x", 1 << 40], "left files of more than"),
    "nothing": (["remove", "made/saved_model.pb"], "left no made/saved_model.pb"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_builder_makes_is_refused(world: World, bare_sandbox: Sandbox, what: str) -> None:
    action, expected = REFUSED[what]

    with play(bare_sandbox, script(action)) as leaf:
        answer = asked(leaf)
        found = taken(leaf, world.place / "taken")

    assert answer == Answer({"built": True})
    if expected is None:  # the system call was refused already
        assert found == FILES
    else:
        assert isinstance(found, str)
        assert expected in found


def test_directories_as_deep_as_a_path_allows_end_the_leaf_and_are_removed(world: World, bare_sandbox: Sandbox) -> None:
    with play(bare_sandbox, script(["nest", "made/report", 1900], ["end", "abort"])) as leaf:
        assert isinstance(asked(leaf), str)
        found = taken(leaf, world.place / "taken")

    assert isinstance(found, str)
    assert not os.path.lexists(leaf.directory)


LEFT = {
    "a process": [["sleeper", 0]],
    "a process with a session of its own": [["sleeper", 1]],
    "a process three sessions away": [["sleeper", 3]],
    "processes that start processes": [["storm", 8]],
    "a process of a leaf that ends": [["sleeper", 1], ["end", "0"]],
    "a process of a leaf that is killed": [["storm", 2], ["end", "kill"]],
    "a process of a leaf that stops the one above it": [["sleeper", 1], ["kill parent", 19], ["kill parent", 9]],
}


@pytest.mark.parametrize("what", LEFT)
def test_no_process_is_left_behind(bare_sandbox: Sandbox, what: str) -> None:
    played = script(*LEFT[what])

    with play(bare_sandbox, played) as leaf:
        asked(leaf)
        leaf.end()
        found = left_behind(played)

    assert not found


@pytest.mark.parametrize(
    "action", [["writer", "made/saved_model.pb", "later"], ["swapper", "made/saved_model.pb", "/etc/passwd"]]
)
def test_what_was_taken_never_changes(world: World, bare_sandbox: Sandbox, action: list[str]) -> None:
    with play(bare_sandbox, script(action)) as leaf:
        asked(leaf)
        found = taken(leaf, world.place / "taken")

    assert not left_behind(script())
    if not isinstance(found, str):
        path = world.place / "taken" / "saved_model.pb"
        assert found["saved_model.pb"] in {FILES["saved_model.pb"], b"later" + FILES["saved_model.pb"][5:]}
        assert path.read_bytes() == found["saved_model.pb"]


LIES = {
    "a length of four gigabytes": ["length", (1 << 32) - 1],
    "lists inside each other": ["deep"],
    "NaN": ["number", "NaN"],
    "infinity": ["number", "1e999"],
    "a number of five thousand digits": ["number", "1" * 5000],
    "an array of an exbibyte": ["array", f"[{1 << 57}]", str(1 << 60), "float64"],
    "an array that is more than the judge asked for": ["array", f"[{1 << 20}]", str(1 << 23), "float64"],
    "an array whose bytes do not fill it": ["array", "[8]", "8", "float64"],
    "an array of objects": ["array", "[8]", "64", "object"],
    "a negative dimension": ["array", "[-1]", "8", "int8"],
    "strings without offsets": ["array", "[8]", "64", "bytes"],
    "a verdict": ["said", "verdict", "passed", 1],
    "layers": ["said", "layers", "on", 1],
    "random bytes": ["bytes", "000000107b7d7b7d7b7d7b7d7b7d7b7d7b7d7b7d"],
    "half a frame": ["bytes", "00000064"],
}


@pytest.mark.parametrize("what", LIES)
def test_a_frame_that_is_none_ends_the_leaf_with_a_sentence(bare_sandbox: Sandbox, what: str) -> None:
    with play(bare_sandbox, script(LIES[what], ["end", "0"])) as leaf:
        first = asked(leaf)
        second = asked(leaf)

    assert isinstance(first, str)
    assert first.startswith("the model's process ")
    assert isinstance(second, str)


def test_an_error_of_a_leaf_is_one_plain_line_and_never_a_verdict_of_the_gate(bare_sandbox: Sandbox) -> None:
    error = {"kind": "GateError", "text": "\n\x1b[31mrefused\u202e", "hints": ["x", 1]}
    raw = frame(json.dumps({"kind": "error", "document": error, "arrays": []}).encode())

    with play(bare_sandbox, script(["bytes", raw.hex()])) as leaf, pytest.raises(OptimizerError) as caught:
        leaf.ask({})

    assert sentence_of(caught.value) == "refused"
    assert type(caught.value) is OptimizerError
    assert not caught.value.hints


def test_a_flood_of_messages_is_bounded(bare_sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    with play(bare_sandbox, script(["said", "say", "a\n\x1b[31mb", 20_000])) as leaf:
        assert asked(leaf) == Answer({"built": True})

    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) <= 1001
    assert lines[0] == "a b"


def test_an_answer_too_many_answers_no_other_leaf(bare_sandbox: Sandbox) -> None:
    """Within one leaf it is the model's own word, as each of its answers is."""
    rows = np.ones((2, 2))

    with play(bare_sandbox, script(["said", "answer", "twice", 1], task=ANSWER)) as leaf:
        assert asked(leaf, {"x": rows}) == Answer("twice")
    with bare_sandbox.leaf(BUILD) as leaf:
        assert asked(leaf) == Answer({"built": True})


def test_a_leaf_reaches_no_secret_socket_process_or_setting_of_the_machine(
    world: World, bare_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = socket.socket(socket.AF_UNIX)
    service.bind(str(world.open / "service"))
    (world.open / "service").chmod(0o777)
    service.listen()

    with service, bare_sandbox.leaf(PROBE) as leaf:
        answer = leaf.ask({"place": str(world.place), "judge": os.getpid()})

    assert set(answer.document.values()) == {"refused"}, answer.document
    assert SECRET not in str(answer.document)


def test_every_attempt_of_that_leaf_succeeds_without_its_layers(world: World) -> None:
    """Run the attempts as root with all capabilities, so that the test before says something."""
    service = socket.socket(socket.AF_UNIX)
    service.bind(str(world.open / "service"))
    service.listen()

    with service:
        found = attempts(world.place, os.getpid())

    refused = {name for name, result in found.items() if result == "refused"}
    assert refused <= WITHOUT_LAYERS_TOO, refused


def test_root_without_another_user_opens_no_model(tmp_path: Path, bare_zygote: Zygote) -> None:
    """Pytest's directories are closed to other users, as homes are."""
    with Sandbox(tmp_path, zygote=bare_zygote, allow_root=False) as sandbox, pytest.raises(OptimizerError) as caught:
        sandbox.leaf(BUILD)

    assert "the model would run as root" in str(caught.value)
