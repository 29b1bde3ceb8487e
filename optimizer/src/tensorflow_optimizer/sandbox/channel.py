"""A leaf's side of its conversation with the judge."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ..processes.plain_text import one_line
from ..processes.progress import Progress
from .carried_errors import to_document
from .frames import Frame
from .streams import EndedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..hints import Hint, Message
    from ..processes.progress_events import Event
    from .frames import Arrays, Json
    from .streams import FrameStream


class Channel:
    """Iterate for the judge's requests, each a Frame with `document` and `arrays`, and answer each once.

    What else a leaf says is shown to people, never parsed.
    """

    def __init__(self, stream: FrameStream) -> None:
        self._stream = stream
        self._sending = threading.Lock()
        self.progress: Progress = _ForwardedProgress(channel=self)
        """Progress that sends the judge all that it is told."""

    def __iter__(self) -> Iterator[Frame]:
        """Yield requests until the judge wants no more."""
        while True:
            try:
                yield self._stream.receive()
            except EndedError:
                return

    def serve(self, handle: Callable[[Frame], tuple[Json, Arrays]]) -> None:
        """Answer every request by a function. An error is the answer to its request, and the next one is read."""
        for request in self:
            try:
                self.answer(*handle(request))
            except Exception as error:
                self.fail(error)

    def answer(self, document: Json = None, arrays: Arrays | None = None) -> None:
        """Answer the request.

        Args:
            document: Plain JSON, with finite numbers.
            arrays: By name: numbers, booleans, and objects that are all bytes or all text.

        Raises:
            ValueError: One of them cannot be carried.
        """
        self._send("answer", document, arrays)

    def fail(self, error: BaseException) -> None:
        """Answer with an error. The judge's `ask` raises it: a RunError, or an OptimizerError of the same kind."""
        self._send("error", to_document(error))

    def say(self, text: str) -> None:
        """Print a message in the job's log."""
        self._send("say", one_line(text))

    def warn(self, text: str, *hints: Hint, candidate: str | None = None) -> None:
        """Add a warning to the outcome."""
        self._send("warn", {"text": one_line(text), "hints": [str(hint) for hint in hints], "candidate": candidate})

    def show(self, event: Event) -> None:
        """Show the state of an activity, on a terminal."""
        self._send("progress", asdict(event))

    def _send(self, kind: str, document: Json, arrays: Arrays | None = None) -> None:
        with self._sending:
            self._stream.send(Frame(kind, document, arrays or {}))


@dataclass
class _ForwardedProgress(Progress):
    """Progress that is told to the judge."""

    channel: Channel | None = None

    def say(self, text: str) -> None:
        if self.channel is not None:
            self.channel.say(text)

    def warn_all(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if message not in self.warned and self.channel is not None:
                self.warned.append(message)
                self.channel.warn(message.text, *message.hints, candidate=message.candidate)
