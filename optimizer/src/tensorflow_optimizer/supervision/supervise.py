"""Runs the job in its own process, and ensures an outcome however that process ends.

That process judges, and opens no model: processes that it starts do, of which it believes nothing.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ..documents.draft import OUTCOME_FILE, forget_model, key_draft, read_draft
from ..documents.job import Job
from ..documents.outcome import Outcome
from ..errors import ExitCode, OptimizerError
from ..hints import Hint
from ..processes.exhaustion import exhausted, unexpected
from ..processes.process_group import StoppedError
from ..processes.progress import Progress
from ..sandbox.removal import remove_tree
from ..storage.checksums import write_checksums
from .output import begin_output, check_output, write_outcome
from .watching import run_watched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..documents.manifest import Draft
    from ..server_binary.take import TakenProgram

log = logging.getLogger("tensorflow_optimizer")

#: Time limit for the processes that opened models to end, after the job's process has; and time between two looks.
_SECONDS_TO_END, _SECONDS_BETWEEN = 20.0, 0.05
#: Variables that the job's process keeps of the environment, in which its caller may have credentials.
_KEPT = {
    "PATH", "LANG", "TZ", "TERM", "COLUMNS", "HOME", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH",
    "TENSORFLOW_OPTIMIZER_HANDLER", "TENSORFLOW_OPTIMIZER_NATIVE_PROGRAM", "TENSORFLOW_OPTIMIZER_ALLOW_ROOT",
}  # fmt: skip
_KEPT_PREFIXES = ("LC_", "PYTHON", "TF_", "KERAS_", "OMP_", "MKL_", "XLA_")


def supervise(  # noqa: PLR0913, PLR0917 - the inputs of a job
    config: Path,
    source: Path,
    evaluation: Path | None,
    output: Path,
    students: Sequence[Path] = (),
    serving: Path | None = None,
) -> Outcome:
    """Run the job and return its outcome, which is also in OUT/outcome.json.

    Whatever goes wrong, a model is in OUT only if the outcome is that the job is done.

    Raises:
        BadInputError: OUT contains files that are not from an earlier run.
        OSError: CONFIG cannot be read, or OUT cannot be written.
    """
    check_output(output, [path for path in (config, source, evaluation, serving, *students) if path is not None])
    _forget(output)
    text, outcome_file = config.read_bytes(), output / OUTCOME_FILE
    begin_output(output)
    ended: OptimizerError
    try:
        code, program = _run(config, source, output, _options(evaluation, students, serving))
        ended = _ended(code)
        if outcome_file.is_file():
            outcome = Outcome.model_validate_json(outcome_file.read_text(encoding="utf-8"))
            if outcome.exit_code is not ExitCode.DONE:
                forget_model(output)
                return outcome
            if code == ExitCode.DONE:
                _refuse_another_server(output, program)
                key_draft(output, text)
                return outcome
    except OSError as error:
        ended = exhausted(error) or OptimizerError(f"the job cannot be started ({error}); start it again")
    except ValidationError as error:
        ended = OptimizerError(f"the job left an outcome that cannot be read ({error}); the log has the details")
    except OptimizerError as error:
        ended = error
    except Exception as error:
        log.exception("the job failed")
        ended = unexpected(error)
    except BaseException:
        _forget(output)
        raise
    return _refused(output, ended)


def _refused(output: Path, ended: OptimizerError) -> Outcome:
    """Remove the model, write the outcome of a job that failed, and return it."""
    _forget(output)
    outcome = Outcome.of_error(ended)
    try:
        write_outcome(output, outcome)
    except OSError as error:
        # The same error probably ended the job; its sentence is printed anyway.
        outcome = Outcome.of_error(
            exhausted(error)
            or OptimizerError(f"{OUTCOME_FILE} cannot be written ({error.strerror}); give another directory")
        )
    return outcome


def _forget(output: Path) -> None:
    """Remove the model, and an outcome that says that the job is done, as far as that is possible."""
    with suppress(Exception):
        (output / OUTCOME_FILE).unlink(missing_ok=True)
    with suppress(Exception):
        forget_model(output)


def _options(evaluation: Path | None, students: Sequence[Path], serving: Path | None) -> list[str]:
    given = [("--evaluation", evaluation), ("--serving", serving), *(("--student", student) for student in students)]
    return [text for option, path in given if path is not None for text in (option, str(path))]


def _run(config: Path, source: Path, output: Path, options: list[str]) -> tuple[int, TakenProgram | None]:
    """Run the job's process, and return its exit code, and the server's program that it was given.

    Raises:
        OptimizerError: It was stopped.
    """
    with (
        _scratch("optimizer-") as work,
        tempfile.TemporaryDirectory(prefix="optimizer-program-") as given,
    ):
        Path(given).chmod(0o755)
        module = "tensorflow_optimizer.supervision.worker"
        command = [sys.executable, "-m", module, *map(str, (config, source, output)), work, *options]
        # The job's process has no credentials.
        job, program = Job.model_validate_json(config.read_bytes()), None
        if job.server is not None:
            from ..serving.server_trial import keep_server

            program = keep_server(job, Path(given), Progress())
            command += ["--server", given]
        try:
            # Files that libraries leave behind when their process is killed are deleted with the directory.
            return run_watched(command, _environment(work)), program
        except StoppedError as error:
            raise OptimizerError(f"the job was stopped ({error}) before it was done; start it again") from error


@contextmanager
def _scratch(prefix: str) -> Iterator[str]:
    """Give a directory for temporary files, and remove it with what models have left in it.

    The processes that opened models end a moment after a job's process that was killed.
    """
    work = Path(tempfile.mkdtemp(prefix=prefix))
    work.chmod(0o711)  # another user reads files in it
    try:
        yield str(work)
    finally:
        deadline = time.monotonic() + _SECONDS_TO_END
        while work.exists() and time.monotonic() < deadline:
            with suppress(OSError):
                remove_tree(work)
                continue
            time.sleep(_SECONDS_BETWEEN)


def _refuse_another_server(output: Path, program: TakenProgram | None) -> None:
    """Refuse a server that is not the one that was taken out of the image: machines would run it with their role.

    Publishing compares the file with the draft.

    Raises:
        OptimizerError: The job's process names another one.
    """
    stated, taken = read_draft(output).server, program and program.sha256
    if (stated and stated.sha256) != taken:
        raise OptimizerError(
            f"the job names a server with the SHA-256 {stated and stated.sha256}, and the image's has {taken}: "
            "optimize only models that you trust"
        )


def _environment(work: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    return {**kept, "TMPDIR": work, "PYTHONFAULTHANDLER": "1"}


def write_report_safely(output: Path, job: Job, outcome: Outcome) -> None:
    """Write OUT/report/, and last OUT/SHA256SUMS. A crash in either is only logged, so that it hides nothing.

    Without OUT/SHA256SUMS only the report can be published.
    """
    draft: Draft | None = None
    try:
        from ..report.write import write_report

        if outcome.exit_code is ExitCode.DONE:
            draft = read_draft(output)
        write_report(output, job, outcome, draft)
    except Exception:
        log.exception("the report could not be written; the outcome stands")
    if outcome.exit_code is ExitCode.DONE:
        try:
            write_checksums(output)
        except Exception:
            log.exception("SHA256SUMS could not be written, so the model cannot be published")


def _ended(code: int) -> OptimizerError:
    if code == -signal.SIGKILL:
        return OptimizerError(
            "the job was killed, most likely because it ran out of memory; choose a larger machine", Hint.MACHINE_SIZE
        )
    if code < 0:
        name = signal.Signals(-code).name
        return OptimizerError(f"the job crashed in native code ({name}); the log has the details")
    return OptimizerError(f"the job ended without an outcome (code {code}); the log has the details")
