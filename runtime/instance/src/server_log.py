"""Sends the model server's output from the journal to CloudWatch Logs.

The journal is the only buffer. Each batch starts where the last one ended, and the position is saved only after the
batch has been sent. So unsent events wait on disk rather than in memory, a restart continues there, and a batch
without a response is sent again. Runs on Amazon Linux 2023 with only the programs of its image: Python 3.9, journalctl,
the AWS CLI.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Generator, Iterable, List, NamedTuple, Tuple

from cloudwatch import Event, NotSentError, Stream

UNIT = "model-server.service"
#: Limits of a PutLogEvents request. Each event counts as 26 bytes more than its message.
MOST_EVENTS = 10_000
MOST_BYTES = 1_048_576
EVENT_BYTES = 26
LONGEST_SPAN_MS = 24 * 60 * 60 * 1000
#: Maximum bytes of an event, accepted in every Region; journald itself splits output into lines of 48 KiB.
LONGEST_MESSAGE = 262_144 - EVENT_BYTES
LONGEST_PAUSE_SECONDS = 300.0
#: Part of an error after which a retry would fail again.
REFUSED_FOR_GOOD = "(InvalidParameterException) when calling the PutLogEvents operation"


class Batch(NamedTuple):
    """Events of one request, their end position in the journal, and whether there may be more."""

    events: List[Event]
    cursor: str
    full: bool


def main(path: str, seconds: float) -> None:
    """Send until SIGTERM, and then what was printed until then."""
    settings = json.loads(Path(path).read_text())
    instance = Path("/var/lib/cloud/data/instance-id").read_text().strip()
    stream, place = Stream(settings, f"{instance}/server"), Path(os.environ["STATE_DIRECTORY"]) / "cursor"
    # Block SIGTERM; poll for it between requests.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    pause, last = seconds, False
    while True:
        try:
            full = forward(stream, place)
            pause = 0.0 if full else seconds
        except (NotSentError, OSError, ValueError, KeyError) as error:
            pause = min(2 * max(pause, seconds), LONGEST_PAUSE_SECONDS)
            full = False
            say(f"the server's log waits in the journal, next attempt in {pause:g} s: {error}")
        if last and not full:
            return
        last = last or signal.sigtimedwait({signal.SIGTERM}, pause) is not None


def forward(stream: Stream, place: Path) -> bool:
    """Send one batch and save its end position; return whether there may be more."""
    entries = read(place.read_text() if place.is_file() else "")
    try:
        batch = collect(entries)
    finally:
        entries.close()
    if not batch.cursor:
        return False
    try:
        dropped = stream.put(batch.events) if batch.events else 0
    except NotSentError as error:
        if REFUSED_FOR_GOOD not in str(error):
            raise
        dropped = len(batch.events)
        say(str(error))
    if dropped:
        say(f"CloudWatch Logs did not take {dropped} of {len(batch.events)} lines, which are in the journal alone")
    unfinished = place.with_suffix(".unfinished")
    unfinished.write_text(batch.cursor)
    unfinished.replace(place)
    return batch.full


def read(cursor: str) -> Generator[Any, None, None]:
    """Yield the unit's entries after a position in the journal, or since the machine started.

    Raises:
        ValueError: journalctl failed; it says why on standard error.
    """
    command = ["journalctl", "--unit", UNIT, "--output", "json", "--output-fields", "MESSAGE", "--no-pager", "--quiet"]
    # journalctl prints a long message as null without --all.
    command += ["--all", f"--after-cursor={cursor}" if cursor else "--boot"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            for line in process.stdout or ():
                yield json.loads(line)
            if process.wait() != 0:
                raise ValueError(f"journalctl ended with {process.returncode}")
        finally:
            process.kill()


def collect(entries: Iterable[Any]) -> Batch:
    """Collect the entries of one request, in order of time, because a clock may have been set back."""
    events: List[Event] = []
    cursor, size, first, last = "", 0, 0, 0
    for entry in entries:
        time, (message, length) = int(entry["__REALTIME_TIMESTAMP"]) // 1000, text_of(entry.get("MESSAGE"))
        earliest, latest = (min(first, time), max(last, time)) if events else (time, time)
        size += length + EVENT_BYTES
        if events and (size > MOST_BYTES or latest - earliest > LONGEST_SPAN_MS):
            return ordered(events, cursor, full=True)
        if message:  # An event may not be empty.
            first, last = earliest, latest
            events.append({"timestamp": time, "message": message})
        cursor = entry["__CURSOR"]
        if len(events) == MOST_EVENTS:
            return ordered(events, cursor, full=True)
    return ordered(events, cursor, full=False)


def ordered(events: List[Event], cursor: str, *, full: bool) -> Batch:
    return Batch(sorted(events, key=lambda event: event["timestamp"]), cursor, full)


def text_of(message: Any) -> Tuple[str, int]:
    """Return journalctl's text and its length in UTF-8: a string, bytes if not printable, or a list of both."""
    if isinstance(message, list):
        is_bytes = all(isinstance(value, int) for value in message)
        message = (
            bytes(message).decode(errors="replace") if is_bytes else "\n".join(text_of(value)[0] for value in message)
        )
    content = (message or "").encode(errors="replace")
    if len(content) > LONGEST_MESSAGE:
        note = f" … {len(content)} bytes, the rest is in the journal".encode()
        content = content[: LONGEST_MESSAGE - len(note)].decode(errors="ignore").encode() + note
    return content.decode(), len(content)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
