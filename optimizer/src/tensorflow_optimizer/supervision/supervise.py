"""Runs the job in its own process, and ensures an outcome even if the process crashes.

TensorFlow and LiteRT are native code: they may be killed for their memory or abort without an outcome.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ..documents.draft import OUTCOME_FILE, forget_model, key_draft, read_draft
from ..documents.job import Job
from ..documents.outcome import Outcome
from ..errors import ExitCode, OptimizerError
from ..hints import Hint
from ..processes.exhaustion import exhausted
from ..processes.process_group import StoppedError
from ..processes.progress import Progress
from .other_user import take_back
from .output import begin_output, check_output, made_in, write_outcome
from .watching import run_watched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..documents.manifest import Draft
    from ..server_binary.take import TakenProgram

log = logging.getLogger("tensorflow_optimizer")


def supervise(  # noqa: PLR0913, PLR0917 - the inputs of a job
    config: Path,
    source: Path,
    evaluation: Path | None,
    output: Path,
    students: Sequence[Path] = (),
    serving: Path | None = None,
) -> Outcome:
    """Run the job and return its outcome, which is also in OUT/outcome.json.

    Raises:
        BadInputError: OUT contains files that are not from an earlier run.
    """
    check_output(output, [path for path in (config, source, evaluation, serving, *students) if path is not None])
    text, outcome_file = config.read_bytes(), output / OUTCOME_FILE
    begin_output(output)
    isolation: dict[str, str] = {}
    try:
        ended, isolation, program = _run(config, source, output, _options(evaluation, students, serving))
        take_back(output, made_in)
        if outcome_file.is_file():
            outcome = Outcome.model_validate_json(outcome_file.read_text(encoding="utf-8"))
            outcome = outcome.model_copy(update={"isolation": isolation})
            if outcome.exit_code is ExitCode.DONE:
                _refuse_another_server(output, program)
                key_draft(output, text)
            write_outcome(output, outcome)
            return outcome
    except OSError as error:
        ended = exhausted(error) or OptimizerError(f"the job cannot be started ({error}); start it again")
    except ValidationError as error:
        ended = OptimizerError(f"the job left an outcome that cannot be read ({error}); the log has the details")
    except OptimizerError as error:
        ended = error
    forget_model(output)
    outcome = Outcome.of_error(ended).model_copy(update={"isolation": isolation})
    try:
        write_outcome(output, outcome)
    except OSError as error:
        # The same error probably ended the job; its sentence is printed anyway.
        outcome = Outcome.of_error(
            exhausted(error)
            or OptimizerError(f"{OUTCOME_FILE} cannot be written ({error.strerror}); give another directory")
        )
    return outcome


def _options(evaluation: Path | None, students: Sequence[Path], serving: Path | None) -> list[str]:
    given = [("--evaluation", evaluation), ("--serving", serving), *(("--student", student) for student in students)]
    return [text for option, path in given if path is not None for text in (option, str(path))]


def _run(
    config: Path, source: Path, output: Path, options: list[str]
) -> tuple[OptimizerError, dict[str, str], TakenProgram | None]:
    """Run the job's process.

    Returns:
        The error for a process that leaves no outcome, how it was isolated, and the server's program that it was given.
    """
    with (
        tempfile.TemporaryDirectory(prefix="optimizer-") as work,
        tempfile.TemporaryDirectory(prefix="optimizer-program-") as given,
    ):
        Path(given).chmod(0o755)
        layers = Path(given) / "layers.json"
        command = [
            sys.executable,
            "-m",
            "tensorflow_optimizer.supervision.isolate",
            *map(str, (config, source, output)),
            work,
            "--layers",
            str(layers),
            *options,
        ]
        # The job's process has neither network nor credentials.
        job, program = Job.model_validate_json(config.read_bytes()), None
        if job.server is not None:
            from ..serving.server_trial import keep_server

            program = keep_server(job, Path(given), Progress())
            command += ["--server", given]
        try:
            # Files that libraries leave behind when their process is killed are deleted with the directory.
            ended = _ended(run_watched(command, {**os.environ, "TMPDIR": work, "PYTHONFAULTHANDLER": "1"}))
        except StoppedError as error:
            ended = OptimizerError(f"the job was stopped ({error}) before it was done; start it again")
        isolation = json.loads(layers.read_bytes() or "{}") if layers.is_file() else {}
        log.info(
            "the job's process was isolated by: %s", "; ".join(f"{name} {state}" for name, state in isolation.items())
        )
        return ended, isolation, program


def _refuse_another_server(output: Path, program: TakenProgram | None) -> None:
    """Refuse a server that is not the one that was taken out of the image: machines would run it with their role.

    Publishing compares the file with the draft.

    Raises:
        OptimizerError: The job's process, which opened the model, names another one.
    """
    stated, taken = read_draft(output).server, program and program.sha256
    if (stated and stated.sha256) != taken:
        raise OptimizerError(
            f"the job names a server with the SHA-256 {stated and stated.sha256}, and the image's has {taken}: "
            "optimize only models that you trust"
        )


def write_report_safely(output: Path, job: Job, outcome: Outcome) -> None:
    """Write OUT/report/. A crash in it is only logged, so that it hides nothing."""
    draft: Draft | None = None
    try:
        from ..report import write_report

        if outcome.exit_code is ExitCode.DONE:
            draft = read_draft(output)
        write_report(output, job, outcome, draft)
    except Exception:
        log.exception("the report could not be written; the outcome stands")


def _ended(code: int) -> OptimizerError:
    if code == -signal.SIGKILL:
        return OptimizerError(
            "the job was killed, most likely because it ran out of memory; choose a larger machine", Hint.MACHINE_SIZE
        )
    if code < 0:
        name = signal.Signals(-code).name
        return OptimizerError(f"the job crashed in native code ({name}); the log has the details")
    return OptimizerError(f"the job ended without an outcome (code {code}); the log has the details")
