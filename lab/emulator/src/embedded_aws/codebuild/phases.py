"""The order in which the phases of a build run, and what a failure skips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.codebuild.buildspec import Buildspec, Phase


class Runner(Protocol):
    """Runs a command in the build's shell."""

    def run(self, command: str, emit: Callable[[str], None]) -> int:
        """Gives the exit code of a command."""


class Record(Protocol):
    """Records the progress of a build."""

    def line(self, text: str) -> None:
        """Writes a line of the build's log."""

    def begin(self, phase: str) -> None:
        """A phase starts."""

    def end(self, phase: str, status: str, message: str = "") -> None:
        """A phase ended."""


def run_phases(buildspec: Buildspec, shell: Runner, record: Record, after_install: Callable[[], None]) -> bool:
    """Runs all phases that CodeBuild would run.

    A failed install or pre_build skips the build and post_build. A failed build does not skip post_build: that is
    where a buildspec publishes reports and cleans up, and `CODEBUILD_BUILD_SUCCEEDING` tells it.

    Args:
        buildspec: the phases.
        shell: one shell for all of them.
        record: gets log lines and phases.
        after_install: is called once the install phase has succeeded.

    Returns:
        Whether the build succeeded.
    """
    succeeding = True
    for name in ("install", "pre_build", "build", "post_build"):
        phase = buildspec.phases.get(name)
        label = name.upper()
        record.begin(label)
        if phase is None:
            record.end(label, "SUCCEEDED")
            continue
        shell.run(f"export CODEBUILD_BUILD_SUCCEEDING={int(succeeding)}", record.line)
        message = _run_phase(phase, shell, record)
        if message is None:
            if name == "install":
                after_install()
            record.end(label, "SUCCEEDED")
            continue
        record.end(label, "FAILED", message)
        succeeding = False
        if phase.on_failure == "CONTINUE":
            continue
        if name in {"install", "pre_build"} or phase.on_failure == "ABORT":
            break
    return succeeding


def _run_phase(phase: Phase, shell: Runner, record: Record) -> str | None:
    message = None
    for command in phase.commands:
        record.line(f"[Container] Running command {command}")
        code = shell.run(command, record.line)
        if code != 0:
            message = f"Error while executing command: {command}. Reason: exit status {code}"
            record.line(f"[Container] Command did not exit successfully {command} exit status {code}")
            break
    for command in phase.finally_commands:
        record.line(f"[Container] Running command {command}")
        shell.run(command, record.line)
    return message
