"""Reaction of the watching process when the working one is gone, or when it is told to end itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from processes import check_over
from sample_jobs import job_data
from tensorflow_optimizer.documents.outcome import Outcome
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.processes.process_group import StoppedError, process_group
from tensorflow_optimizer.supervision import supervise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def config(directory: Path, **fields: Any) -> Path:
    file = directory / "job.json"
    file.write_text(json.dumps(job_data(**fields)))
    return file


def outcome_of(output: Path) -> Outcome:
    return Outcome.model_validate_json((output / "outcome.json").read_text())


@pytest.mark.own_process
class TestSupervision:
    """Reaction of the watching process when the working one is gone."""

    @pytest.fixture
    def ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
        def run(program: str) -> Outcome:
            original = subprocess.Popen

            def start(command: list[str], **options: Any) -> Any:
                return original([sys.executable, "-c", program, *command[3:]], **options)

            monkeypatch.setattr(subprocess, "Popen", start)
            return supervise.supervise(config(tmp_path), tmp_path / "model", None, tmp_path / "out")

        return run

    @pytest.mark.parametrize(
        ("program", "text"),
        [
            (
                f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})",
                "ran out of memory; choose a larger machine",
            ),
            ("import os; os.abort()", "crashed in native code (SIGABRT)"),
            ("import sys; sys.exit(7)", "without an outcome (code 7)"),
        ],
    )
    def test_there_is_still_an_outcome(self, program: str, text: str, ended: Any, tmp_path: Path) -> None:
        outcome = ended(program)
        assert outcome.exit_code is ExitCode.FAILED
        assert text in outcome.sentence
        assert outcome_of(tmp_path / "out") == outcome

    def test_a_crash_leaves_its_place_in_the_log(self, ended: Any, capfd: pytest.CaptureFixture[str]) -> None:
        ended("import os; os.abort()")
        assert "Fatal Python error: Aborted" in capfd.readouterr().err

    def test_an_old_outcome_is_not_mistaken_for_the_new_one(self, ended: Any, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        supervise.write_outcome(tmp_path / "out", Outcome(exit_code=ExitCode.DONE, sentence="an earlier run"))
        assert ended("import os; os.abort()").exit_code is ExitCode.FAILED

    def test_temporary_files_are_gone(self, ended: Any, tmp_path: Path) -> None:
        program = (
            "import sys, pathlib; work = pathlib.Path(sys.argv[4]); (work / 'large').write_text('x');"
            f"pathlib.Path({str(tmp_path / 'place')!r}).write_text(str(work)); import os; os.abort()"
        )
        ended(program)
        assert not Path((tmp_path / "place").read_text()).exists()

    def test_the_partial_output_is_gone(self, ended: Any, tmp_path: Path) -> None:
        program = (
            "import os, sys, pathlib; out = pathlib.Path(sys.argv[3]); (out / 'model').mkdir();"
            "(out / 'model' / 'model.tflite').write_text('half a model'); (out / 'golden.json').write_text('{}');"
            "os.abort()"
        )
        ended(program)
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["outcome.json"]

    def test_files_that_libraries_leave_in_the_temporary_directory_are_gone(self, ended: Any, tmp_path: Path) -> None:
        program = (
            f"import os, pathlib, tempfile; pathlib.Path({str(tmp_path / 'place')!r}).write_text(tempfile.mkdtemp());"
            "os.abort()"
        )
        ended(program)
        assert not Path((tmp_path / "place").read_text()).exists()

    @pytest.mark.fault
    def test_on_request_it_ends_the_job_and_says_so(self, ended: Any, tmp_path: Path) -> None:
        program = (
            "import os, pathlib, sys, signal, time\n"
            f"pathlib.Path({str(tmp_path / 'place')!r}).write_text(sys.argv[4])\n"
            "os.kill(os.getppid(), signal.SIGTERM)\n"
            "time.sleep(600)"
        )
        outcome = ended(program)
        assert outcome.exit_code is ExitCode.FAILED
        assert outcome.sentence == "the job was stopped (SIGTERM) before it was done; start it again"
        assert not Path((tmp_path / "place").read_text()).exists()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


class TestTheGroup:
    """Processes that the job's process started end with it."""

    PARENT = (
        "import os, subprocess, sys, time, signal\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
    )

    @staticmethod
    def run(last_words: str, stop: Callable[[subprocess.Popen[bytes]], object]) -> psutil.Process:
        """Return the child of a process that was stopped, or stopped itself."""
        command = [sys.executable, "-c", TestTheGroup.PARENT + last_words]
        with suppress(StoppedError, RuntimeError), process_group(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            child = psutil.Process(int(process.stdout.readline()))
            stop(process)
        return child

    def test_a_killed_process_leaves_none_of_its_own_behind(self) -> None:
        check_over(self.run("os.kill(os.getpid(), signal.SIGKILL)", lambda process: process.wait()))

    def test_an_error_in_the_supervisor_ends_all(self) -> None:
        def fail(_: object) -> None:
            raise RuntimeError

        check_over(self.run("time.sleep(600)", fail))

    @pytest.fixture
    def hangup_is_not_ignored(self) -> Iterator[None]:
        """Reset SIGHUP, which is ignored where the tests themselves are run by `nohup`."""
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        yield
        signal.signal(signal.SIGHUP, before)

    @pytest.mark.usefixtures("hangup_is_not_ignored")
    def test_a_hangup_ends_all(self) -> None:
        def hang_up(process: subprocess.Popen[bytes]) -> None:
            os.kill(os.getpid(), signal.SIGHUP)
            process.wait()

        check_over(self.run("time.sleep(600)", hang_up))
