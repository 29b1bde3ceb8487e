"""Draws what a hostile leaf does, by a seed."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from hostile_leaf import FILES, Script, marker

if TYPE_CHECKING:
    from collections.abc import Sequence

LIES = (
    "zeros", "nan", "noise", "fewer", "more", "flat", "deep", "text", "int8", "renamed", "no arrays", "no document",
    "another document",
)  # fmt: skip
_ODD_NAMES = ("line\nend", "\x1b[31mred", "..", "CON", " ", "a" * 255, "saved_model.pb ", "\u202egnp", "-rf")
_ENDS = ("segv", "kill", "abort", "0", "1", "77")
_NUMBERS = ("NaN", "Infinity", "1e999", "-1e999", "1" * 5000, "1e-400", "true", "nul")
_SIGNALS = (2, 9, 15, 19)


def random_script(seed: int, task: str, targets: Sequence[str], *, directory: str = "made") -> Script:
    """Return a script of one to twelve actions.

    Args:
        seed: The same one draws the same script.
        task: The honest task that it plays around.
        targets: Absolute paths that a leaf must not change.
        directory: Of the leaf's files that are taken.
    """
    draw = random.Random(seed)
    phases: dict[str, list[list[Any]]] = {"start": [], "before": [], "after": [], "end": []}
    for _ in range(draw.randint(1, 12)):
        # What a leaf does before it answers hides in what it answers, so most of it is there.
        phase = draw.choice(("start", "before", "before", "before", "after", "end"))
        phases[phase].append(_action(draw, targets, directory))
    lie = draw.choice(LIES) if draw.random() < 0.25 else ""
    return Script(task, marker(seed), lie=lie, **phases)


def described(script: Script) -> str:
    """Return a script as a failed test shows it."""
    return json.dumps({**script.__dict__})


def _action(draw: random.Random, targets: Sequence[str], directory: str) -> list[Any]:
    kind = draw.choices(
        (_file_action, _link_action, _bulk_action, _process_action, _frame_action, _end_action), (5, 5, 3, 4, 1, 1)
    )[0]
    return kind(draw, targets, directory)


def _own(draw: random.Random, directory: str) -> str:
    """Return a path of the leaf's own: a known name, an unknown one, or a strange one."""
    known = [f"{directory}/{name}" for name in FILES]
    odd = [f"{directory}/assets/{name}" for name in _ODD_NAMES]
    return draw.choice([*known, *known, *odd, f"{directory}/extra", directory, "outcome.json", "record.json", "../1/x"])


def _file_action(draw: random.Random, targets: Sequence[str], directory: str) -> list[Any]:
    own, foreign = _own(draw, directory), draw.choice(targets)
    return draw.choice(
        [
            ["write", own, draw.choice(["forged", '{"exitCode": 0}', ""])],
            ["write", foreign, "forged"],
            ["append", own, "x"],
            ["remove", own],
            ["remove", foreign],
            ["copy", foreign, own],
            ["copy", "/proc/self/environ", own],
            ["closed", own],
            ["set user id", own],
            ["write", f"/proc/{draw.choice(['self', '1'])}/oom_score_adj", "-1000"],
        ]
    )


def _link_action(draw: random.Random, targets: Sequence[str], directory: str) -> list[Any]:
    own, foreign = _own(draw, directory), draw.choice([*targets, "/etc/passwd", "/proc/self/environ", "/dev/zero"])
    return draw.choice(
        [
            ["symlink", own, foreign],
            ["symlink", own, "saved_model.pb"],
            ["symlink", foreign, own],
            ["directory link", f"{directory}/variables", "/tmp"],
            ["directory link", directory, "/etc"],
            ["hard link", own, foreign],
            ["hard link", f"{directory}/assets/second", f"{directory}/saved_model.pb"],
        ]
    )


def _bulk_action(draw: random.Random, targets: Sequence[str], directory: str) -> list[Any]:
    own = _own(draw, directory)
    return draw.choice(
        [
            ["fifo", own],
            ["socket", own],
            ["device", own],
            ["nest", draw.choice([f"{directory}/assets", directory, "beside"]), draw.choice([3, 9, 60, 1900])],
            ["many", draw.choice([f"{directory}/assets", directory, "beside"]), draw.choice([3, 500])],
            ["sparse", own, draw.choice([1, 1 << 20, 1 << 40])],
        ]
    )


def _process_action(draw: random.Random, targets: Sequence[str], directory: str) -> list[Any]:
    known = f"{directory}/{draw.choice(list(FILES))}"
    return draw.choice(
        [
            ["sleeper", draw.choice([0, 1, 2, 3])],
            ["writer", known, "forged"],
            ["writer", draw.choice(targets), "forged"],
            ["swapper", known, draw.choice(targets)],
            ["storm", draw.choice([1, 4])],
            ["kill parent", draw.choice(_SIGNALS)],
            ["kill", 1, 9],
            ["kill all"],
        ]
    )


def _frame_action(draw: random.Random, targets: Sequence[str], directory: str) -> list[Any]:
    sized = f"[{1 << draw.choice([3, 20, 39, 62])}]"
    return draw.choice(
        [
            ["bytes", draw.randbytes(draw.choice([1, 3, 4, 64])).hex()],
            ["length", draw.choice([0, 1, 1 << 20, (1 << 24) + 1, (1 << 32) - 1])],
            ["deep"],
            ["number", draw.choice(_NUMBERS)],
            ["array", sized, str(1 << draw.choice([3, 20, 39, 62])), draw.choice(["float32", "bytes", "object", "M8"])],
            ["array", draw.choice(["[-1]", "[8.0]", "[true]", "null", "[[8]]"]), "8", "int8"],
            ["said", draw.choice(["say", "warn", "error", "layers", "verdict", "request"]), "all is\n\x1b[31mwell", 3],
            ["said", draw.choice(["say", "progress"]), "x" * 1000, 2000],
            ["said", "answer", "well", 1],
        ]
    )


def _end_action(draw: random.Random, targets: Sequence[str], directory: str) -> list[Any]:
    return draw.choice([["end", draw.choice(_ENDS)], ["end", draw.choice(_ENDS)], ["close all"]])
