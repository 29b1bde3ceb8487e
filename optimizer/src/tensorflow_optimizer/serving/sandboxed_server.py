"""Lets a server answer in a sandbox: it loads the model there, and its answers come out as bytes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import OptimizerError
from ..processes.plain_text import one_line
from ..sandbox.landlock import keep_to_own_process
from ..server_binary.process import CANNOT_LINK, PATIENCE_SECONDS, CannotRunError, Server, ServerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..sandbox import Channel, Sandbox

_RUNS, _SERVE = f"{__name__}:show_version", f"{__name__}:answer"
_VERSION_SECONDS = 60.0
_GRACE_SECONDS = 60.0
_ANSWER_BYTES = 256 << 20
_LONGEST = 500


def serve(
    sandbox: Sandbox, program: Path, model: Path, bodies: Sequence[dict[str, Any]], *, onednn: bool
) -> list[dict[str, Any]]:
    """Return the answers to bodies of predict requests. Nothing of them is checked, but that they are JSON objects.

    Args:
        sandbox: Where the server runs.
        program: The server.
        model: A SavedModel's directory.
        bodies: The requests.
        onednn: Whether it may use oneDNN.

    Raises:
        CannotRunError: This machine cannot start it, or lacks a library.
        ServerError: It does not load the model, or does not answer.
    """
    asked = {"program": str(program), "model": str(model), "onednn": onednn}
    texts = np.empty(len(bodies), dtype=object)
    texts[:] = [json.dumps(body).encode() for body in bodies]
    with sandbox.leaf(_SERVE, read=[program, model], loopback=True) as leaf:
        seconds = PATIENCE_SECONDS * (len(bodies) + 1) + _GRACE_SECONDS
        try:
            answer = leaf.ask(asked, {"bodies": texts}, answer_bytes=_ANSWER_BYTES, seconds=seconds)
        except OptimizerError as error:
            raise ServerError(str(error)) from error
    said = answer.document if isinstance(answer.document, dict) else {}
    if "cannotRun" in said:
        _check_runs(sandbox, program)
    if said:
        raise ServerError(one_line(str(next(iter(said.values()))), _LONGEST))
    contents = answer.arrays.get("answers")
    if contents is None or contents.shape != (len(bodies),):
        raise ServerError("it did not answer every request")
    return [_parsed(content) for content in contents]


def _check_runs(sandbox: Sandbox, program: Path) -> None:
    """Start a server without the model: what was loaded with it could say that it does not run, and not be compared.

    Raises:
        CannotRunError: This machine cannot run it.
    """
    with sandbox.leaf(_RUNS, read=[program]) as leaf:
        said = leaf.ask({"program": str(program)}, seconds=_VERSION_SECONDS + _GRACE_SECONDS).document
    if isinstance(said, dict) and "cannotRun" in said:
        raise CannotRunError(one_line(str(said["cannotRun"]), _LONGEST))


def _parsed(content: Any) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise ServerError(f"it answers {content[:100]!r}") from error
    if not isinstance(parsed, dict):
        raise ServerError(f"it answers {content[:100]!r}")
    return parsed


def show_version(channel: Channel, directory: Path) -> None:
    """Start the program of each request for its version. Runs in the sandbox."""
    for request in channel:
        channel.answer(_cannot_run(Path(request.document["program"]), directory))


def _cannot_run(program: Path, directory: Path) -> dict[str, str]:
    try:
        done = subprocess.run(  # noqa: S603 - trying this program is what we are asked for
            [str(program), "--version"],
            cwd=directory,
            env={},
            capture_output=True,
            timeout=_VERSION_SECONDS,
            check=False,
            preexec_fn=keep_to_own_process,
        )
    except OSError as error:
        return {"cannotRun": f"it cannot be started: {error.strerror}"}
    except subprocess.TimeoutExpired:
        return {}
    reason = CANNOT_LINK.search(done.stderr.decode(errors="replace")) if done.returncode else None
    return {"cannotRun": reason[1].strip()} if reason else {}


def answer(channel: Channel, directory: Path) -> None:
    """Start the server of each request with its model, and pass the bodies on. Runs in the sandbox."""
    for number, request in enumerate(channel):
        asked, work = request.document, directory / str(number)
        work.mkdir()
        contents = np.empty(len(request.arrays["bodies"]), dtype=object)
        try:
            with Server(Path(asked["program"]), Path(asked["model"]), work, onednn=asked["onednn"]) as server:
                contents[:] = [server.ask(body) for body in request.arrays["bodies"]]
        except CannotRunError as error:
            channel.answer({"cannotRun": str(error)})
        except ServerError as error:
            channel.answer({"failed": str(error)})
        else:
            channel.answer({}, {"answers": contents})
