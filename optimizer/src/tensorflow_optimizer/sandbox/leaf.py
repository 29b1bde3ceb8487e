"""The judge's side of a leaf: requests and answers, its end, and its files."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..errors import OptimizerError, RunError
from ..hints import Hint
from ..processes import progress_events
from ..processes.plain_text import one_line
from ..processes.processor_clock import processor_seconds
from .carried_errors import from_document
from .family import descendants, traces_of_others
from .frame_error import FrameError
from .frames import MOST_BYTES, Frame, Json
from .removal import remove_tree
from .streams import EndedError, FrameStream, LateError
from .take import Wanted, take

if TYPE_CHECKING:
    from types import TracebackType

    from .frames import Arrays
    from .messages import Messages
    from .user import LeafUser

log = logging.getLogger("tensorflow_optimizer")

_MEBIBYTE = 1 << 20


class LeafEndedError(OptimizerError):
    """The leaf ended before it answered."""

    signal: int | None = None
    """Signal that ended the leaf; None: none, or the leaf was ended for its limits."""


class LeafLateError(LeafEndedError):
    """The leaf did not answer in time, and was ended."""


@dataclass(frozen=True)
class Answer:
    """Answer of a leaf: data from a stranger."""

    document: Json
    arrays: Arrays = field(default_factory=dict)


@dataclass(frozen=True)
class JudgeEnds:
    """The judge's ends of what leads to a leaf."""

    stream: FrameStream
    life: socket.socket
    """Socket to the reaper: closed when the leaf is to end."""
    errors: int
    """The leaf's standard output and standard error."""


class Leaf:
    """A process that may open a model. Made by `Sandbox.leaf`; a context manager."""

    def __init__(
        self,
        directory: Path,
        ends: JudgeEnds,
        user: LeafUser | None,
        messages: Messages,
        subject: str,
    ) -> None:
        self.directory = directory
        """The leaf's own, for messages only. `take` has its files."""
        self.layers: dict[str, str] = {}
        """`on` for each layer, or `off` with the reason; empty before the first answer."""
        self._opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._stream, self._life, self._user, self._messages = ends.stream, ends.life, user, messages
        self._name, self._subject = f"the {subject}'s process", subject
        self._said = ends.life.makefile("rb")
        self._asking, self._ending = threading.Lock(), threading.Lock()
        self._process: int | None = None
        self._ended: dict[str, Any] | None = None
        self._is_removed = False
        self._log = threading.Thread(target=messages.log_lines, args=(ends.errors,), daemon=True)
        self._log.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, content: dict[str, Any]) -> None:
        """Tell the leaf its task and its layers. If it has ended, the first request says so."""
        with suppress(EndedError):
            self._stream.send(Frame("start", content))

    def ask(
        self,
        document: Json = None,
        arrays: Arrays | None = None,
        *,
        answer_bytes: int = MOST_BYTES,
        seconds: float | None = None,
    ) -> Answer:
        """Send a request, and return the answer. One at a time; other threads wait.

        Args:
            document: Plain JSON, with finite numbers.
            arrays: By name: numbers, booleans, and objects that are all bytes or all text.
            answer_bytes: The maximum of the answer's arrays together.
            seconds: The maximum time; None: any.

        Raises:
            OptimizerError: What the leaf raised, with its kind, its text and its hints.
            RunError: The same.
            LeafLateError: It did not answer in time, and was ended.
            LeafEndedError: It ended, was ended, or answered what is no answer.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._asking:
            try:
                self._stream.send(Frame("request", document, arrays or {}), deadline)
                return self._answer(answer_bytes, deadline)
            except EndedError:
                raise self._ended_error() from None
            except LateError:
                self.end()
                raise LeafLateError(f"{self._name} did not answer within {seconds:g} seconds") from None
            except FrameError as error:
                self.end()
                raise LeafEndedError(
                    f"{self._name} answered with {error}, which the optimizer never does: optimize only "
                    "models that you trust"
                ) from None
            except (OptimizerError, RunError, ValueError):
                raise
            except BaseException:
                self.end()  # the rest of its answer would be taken for the next one
                raise

    def _answer(self, answer_bytes: int, deadline: float | None) -> Answer:
        while True:
            frame = self._stream.receive(answer_bytes, deadline)
            if frame.kind == "answer":
                return Answer(frame.document, frame.arrays)
            if frame.kind == "error":
                raise from_document(frame.document)
            if frame.kind == "layers" and not self.layers:
                self.layers = {str(name): one_line(str(state)) for name, state in dict(frame.document).items()}
            elif not self._messages.receive(frame, lambda: self.process):
                raise FrameError("a message of no known kind")

    def end(self) -> None:
        """End every process of the leaf. When it returns, none exists.

        Nobody can say so if the process above them was killed. `take` then refuses the files.
        """
        with self._ending:
            if self._ended is not None:
                return
            with suppress(OSError):
                self._life.shutdown(socket.SHUT_WR)
            self._ended = self._last_word()
            self._stream.close()
            self._said.close()
            self._life.close()
            self._log.join()
            if self._process is not None:
                progress_events.ended(self._process)
            if self._user is not None:
                # Nobody who gets the number next may read what is here.
                os.fchown(self._opened, os.geteuid(), os.getegid())
                self._user.release()

    def take(self, wanted: Wanted, destination: Path) -> None:
        """End the leaf, and copy files of its directory into a new one that it never saw.

        Args:
            wanted: The names and their bounds. Links, devices, other names and anything larger are refused.
            destination: A directory that does not exist yet.

        Raises:
            OptimizerError: Something else is there, or something is missing. Nothing was taken.
        """
        self.end()
        if self._ended is None or "code" not in self._ended:
            raise OptimizerError(f"{self._name} was ended in a way that may have left others behind; start it again")
        take(self._opened, wanted, destination)

    def close(self) -> None:
        """End the leaf and remove its directory; the second time does nothing."""
        self.end()
        if not self._is_removed:
            self._is_removed = True
            os.close(self._opened)
            remove_tree(self.directory)

    @property
    def process(self) -> int:
        """The leaf's process. Waits until it has started.

        Raises:
            LeafEndedError: It was never started.
        """
        if self._process is None:
            with self._ending:
                if self._process is None and self._ended is None:
                    self._process = self._line().get("process")
        if self._process is None:
            raise self._ended_error()
        return self._process

    @property
    def peak_mebibytes(self) -> float | None:
        """The peak of the leaf's own resident memory; None where the system does not tell."""
        if self._ended is not None:
            return self._ended.get("peak_bytes", 0) / _MEBIBYTE or None
        return _peak(self.process)

    @property
    def children(self) -> list[int]:
        """The processes below the leaf."""
        return descendants(self.process)

    @property
    def computed_seconds(self) -> float | None:
        """Processor seconds of the leaf's own process so far, all its threads, as the kernel counts them.

        None where the system does not tell. What processes that it starts compute is not in it: `traces_of_others`
        tells whether there are any.
        """
        return processor_seconds(self.process)

    @property
    def traces_of_others(self) -> tuple[int, ...] | None:
        """Numbers that change when the leaf starts another process; None where the system does not tell."""
        with suppress(OSError, ValueError, IndexError):
            return traces_of_others(self.process)
        return None

    @property
    def processor_seconds(self) -> float | None:
        """Processor time of all the leaf's processes; None before the end."""
        return None if self._ended is None else self._ended.get("processor_seconds")

    def _last_word(self) -> dict[str, Any]:
        """Return what the reaper says when the last process has ended; without a code if it was killed."""
        while True:
            said = self._line()
            if not said or "code" in said:
                return said
            self._process = said.get("process")

    def _line(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            line: dict[str, Any] = json.loads(self._said.readline() or b"{}")
            return line
        return {}

    def _ended_error(self) -> LeafEndedError:
        self.end()
        ended = self._ended or {}
        code, reason = ended.get("code"), ended.get("reason")
        if reason is not None:
            return LeafEndedError(
                f"{self._name} was ended because {reason}; choose a larger machine, or another {self._subject}",
                Hint.MACHINE_SIZE,
            )
        if code == -signal.SIGKILL:
            error = LeafEndedError(
                f"{self._name} was killed, most likely because it ran out of memory; choose a larger machine",
                Hint.MACHINE_SIZE,
            )
        elif code is None:
            error = LeafEndedError(f"{self._name} was not started, or was ended by another program; start again")
        elif code < 0:
            name = signal.Signals(-code).name
            error = LeafEndedError(f"{self._name} crashed in native code ({name}); the log has the details")
        else:
            error = LeafEndedError(f"{self._name} ended without an answer (code {code}); the log has the details")
        error.signal = -code if code is not None and code < 0 else None
        return error


def _peak(process: int) -> float | None:
    with suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return None
