"""Extracts the server published with a SavedModel from its image, and tests it with the model."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_tensorflow_shared.golden_answers import GoldenAnswers

from ..documents.draft import MODEL_DIRECTORY, SERVER_DIRECTORY
from ..documents.manifest import ServerProgram, ServerTrial
from ..errors import UnsupportedError
from ..hints import Hint
from ..processes import environment
from ..processes.plain_text import one_line
from ..server_binary.process import CannotRunError, ServerError
from ..server_binary.take import PROGRAM, TakenProgram, take_program
from .sandboxed_server import serve

if TYPE_CHECKING:
    from ..documents.golden import GoldenRequests
    from ..documents.job import Job
    from ..documents.manifest import Draft
    from ..processes.progress import Progress
    from ..sandbox import Sandbox

_TAKEN_FILE = "taken.json"
_LONGEST = 500


def take_server(job: Job, output: Path, progress: Progress) -> TakenProgram | None:
    """Extract the job's program from its image into OUT/server/.

    Called before slow steps, so that a mistake in the name is found in seconds.
    """
    if job.server is None:
        return None
    target = output / SERVER_DIRECTORY / PROGRAM
    target.parent.mkdir(parents=True, exist_ok=True)
    return take_program(job.server.image, target, progress.say)


def keep_server(job: Job, directory: Path, progress: Progress) -> TakenProgram | None:
    """Extract the job's program, if it asks for one, into a directory for a process without network and credentials."""
    taken = take_server(job, directory, progress)
    if taken is not None:
        facts = {"image": taken.image, "digest": taken.digest, "sha256": taken.sha256, "size": taken.size}
        (directory / _TAKEN_FILE).write_text(json.dumps(facts), encoding="utf-8")
    return taken


def receive_server(directory: Path, output: Path) -> TakenProgram:
    """Copy a program that `keep_server` described into OUT/server/."""
    facts = json.loads((directory / _TAKEN_FILE).read_text(encoding="utf-8"))
    target = output / SERVER_DIRECTORY / PROGRAM
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(directory / SERVER_DIRECTORY / PROGRAM, target)
    return TakenProgram(path=target, **facts)


def try_server(  # noqa: PLR0913, PLR0917 - one fact each about the trial
    sandbox: Sandbox,
    taken: TakenProgram,
    draft: Draft,
    model: Path,
    golden: GoldenRequests,
    work: Path,
    progress: Progress,
) -> ServerProgram:
    """Let the server load the model that is about to be published, and answer requests.

    Args:
        sandbox: Where the server runs.
        taken: The program.
        draft: The model's draft.
        model: The SavedModel that is about to be published, with its warm-up requests.
        golden: Requests, with the answers of the optimizer's own runtime.
        work: A directory that other users can pass, for what the server reads: it sees nothing of the output.
        progress: Receives messages and warnings.

    Raises:
        UnsupportedError: It does not serve this model, or its answers differ.
    """
    progress.say(f"trying {taken.image}: it loads the model and answers {len(golden.requests)} requests")
    trial, note = ServerTrial.ANSWERED, ""
    try:
        _ask(sandbox, taken, draft, model, golden, work)
    except CannotRunError as error:
        # The serving machines have another system, which may have what this one lacks.
        trial, note = ServerTrial.NOT_RUN, str(error)
        progress.warn(
            f"the server of {taken.image} was not tried, because this machine cannot run it ({note}): build on "
            "one that can, or try the server before it serves",
            Hint.MACHINE_IMAGE,
        )
    except ServerError as error:
        needed = draft.requirements.minimum_serving_version
        raise UnsupportedError(
            f"the server of {taken.image} does not serve the optimized model: {error}; name an image of TensorFlow "
            f"Serving{f' {needed} or newer' if needed else ''}, or another recipe",
            Hint.SERVER_IMAGE,
        ) from error
    return ServerProgram(
        image=taken.image, digest=taken.digest, sha256=taken.sha256, size=taken.size, trial=trial, trial_note=note
    )


def _ask(  # noqa: PLR0913, PLR0917 - as above
    sandbox: Sandbox, taken: TakenProgram, draft: Draft, model: Path, golden: GoldenRequests, work: Path
) -> None:
    """Compare what the server answers in a sandbox with what it must.

    Raises:
        CannotRunError: This machine cannot run it, whatever the model.
        ServerError: It does not load the model, or answers otherwise.
    """
    # bfloat16 crashes in oneDNN on a processor without it; TensorFlow's own kernels compute it everywhere.
    onednn = "bf16" not in draft.requirements.cpu_features or environment.has_bfloat16()
    requests = golden.requests
    with tempfile.TemporaryDirectory(prefix="server-", dir=work) as place:
        program, directory = Path(place) / PROGRAM, Path(place) / MODEL_DIRECTORY
        Path(place).chmod(0o755)
        _link(taken.path, program)
        shutil.copytree(model, directory, copy_function=_link)
        answers = serve(sandbox, program, directory, [request.request for request in requests], onednn=onednn)
    expected = GoldenAnswers([request.response for request in requests], golden.relative_tolerance)
    for index, answer in enumerate(answers):
        difference = expected.difference(index, answer)
        if difference:
            raise ServerError(
                f"its answers are others than the optimizer's: request {index + 1}: {one_line(difference, _LONGEST)}"
            )


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
