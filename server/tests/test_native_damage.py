"""Damaged model files: refused by their checksum, and without one the function says by which signal LiteRT ended."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from native_models import changed
from stand_in_runtime_api import EndedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_in_runtime_api import Function

ENDED = re.compile(r"LiteRT ended by (SIG[A-Z]+) while it loaded the function's model: the file is damaged")
#: Number of damaged files. Later ones have LiteRT load for ever.
FILES = 28


def write(directory: Path, source: str, content: bytes, **description: Any) -> str:
    """Write a copy of a model with another file."""
    directory.mkdir(exist_ok=True)
    text = json.loads(Path(source, "model.json").read_text())
    (directory / "model.json").write_text(json.dumps({**text, **description}))
    (directory / "model.tflite").write_bytes(content)
    return str(directory)


def mutated(content: bytes, seed: int) -> bytes:
    """Return a file with some bytes changed, a word of extremes, or its end cut off."""
    chosen, found = random.Random(seed), bytearray(content)
    for _ in range(chosen.choice((1, 4, 16))):
        place = chosen.randrange(0, len(found) - 4, 4)
        value = chosen.choice((b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\0", chosen.randbytes(4)))
        found[place : place + 4] = value
    return bytes(found[: chosen.randrange(len(found))] if seed % 10 == 0 else found)


def test_a_file_with_another_checksum_is_refused_before_litert_sees_it(
    start: Callable[..., Function], models: dict[str, str], tmp_path: Path
) -> None:
    content = Path(models["dense"], "model.tflite").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    intact = start(write(tmp_path / "intact", models["dense"], content, sha256=digest))
    assert intact.invoke({"data": [1, 2, 3, 4]}).where == "response"

    other = mutated(content, 1)
    function = start(write(tmp_path / "other", models["dense"], other, sha256=digest))

    message = function.next_post().value["errorMessage"]
    found = hashlib.sha256(other).hexdigest()
    assert message.endswith(f"model.tflite has the SHA-256 {found} instead of {digest}: it is damaged, or another file")
    assert message in function.printed()


def test_a_checksum_that_is_none_is_refused(
    start: Callable[..., Function], models: dict[str, str], tmp_path: Path
) -> None:
    content = Path(models["dense"], "model.tflite").read_bytes()
    function = start(write(tmp_path, models["dense"], content, sha256="abc"))
    assert "model.json: sha256: 'abc' is not a SHA-256" in function.next_post().value["errorMessage"]


def test_a_start_that_a_signal_ends_says_so_to_lambda_and_in_the_log(
    start: Callable[..., Function], models: dict[str, str], tmp_path: Path
) -> None:
    ended = set()
    content = Path(models["dense"], "model.tflite").read_bytes()
    for seed in range(FILES):
        posted = None
        function = start(write(tmp_path, models["dense"], mutated(content, seed)))
        # What ends a run, Lambda tells by itself.
        with contextlib.suppress(EndedError):
            posted = function.invoke({"data": [1, 2, 3, 4]})
        if posted is None or posted.where != "init/error":
            function.process.kill()
            continue
        printed = function.printed()
        assert posted.value["errorMessage"] in printed
        told = ENDED.match(posted.value["errorMessage"])
        if told:
            assert function.process.returncode == -signal.Signals[told[1]]
            ended.add(told[1])
        else:
            assert function.process.returncode == 1
    assert ended


def test_a_file_that_is_no_flatbuffer_is_refused_by_litert_which_verifies_it(
    start: Callable[..., Function], models: dict[str, str], tmp_path: Path
) -> None:
    posted = start(write(tmp_path, models["dense"], mutated(Path(models["dense"], "model.tflite").read_bytes(), 5)))
    assert "The model is not a valid Flatbuffer buffer" in posted.next_post().value["errorMessage"]


def test_an_index_that_no_list_has_ends_the_start_with_a_sentence(
    start: Callable[..., Function], models: dict[str, str], tmp_path: Path
) -> None:
    def break_index(model: Any) -> None:
        model.subgraphs[0].tensors[0].buffer = 1 << 30

    content = changed(Path(models["dense"], "model.tflite").read_bytes(), break_index)
    posted = start(write(tmp_path, models["dense"], content)).next_post()
    assert posted.where == "init/error"
    assert "LiteRT" in posted.value["errorMessage"]
