"""Sends what TensorFlow Serving prints from the journal to CloudWatch Logs.

The journal is the only buffer. A batch is read from where the last one ended, sent, and only then the place is written
down: what cannot be sent waits on the disk and takes no memory, a restart goes on where it was, and a batch whose
answer got lost is sent again. Runs on Amazon Linux 2023 with what its image has: Python 3.9, journalctl, the AWS CLI.
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

UNIT = "tensorflow-serving.service"
#: What one request of PutLogEvents takes. Each event counts with 26 bytes more than its message has.
MOST_EVENTS = 10_000
MOST_BYTES = 1_048_576
EVENT_BYTES = 26
LONGEST_SPAN_MS = 24 * 60 * 60 * 1000
#: 256 KiB, which every Region takes; journald itself cuts what a server prints into lines of 48 KiB.
LONGEST_MESSAGE = 262_144 - EVENT_BYTES
LONGEST_PAUSE_SECONDS = 300.0
#: Sent again, it would be refused again.
REFUSED_FOR_GOOD = "(InvalidParameterException) when calling the PutLogEvents operation"


class Batch(NamedTuple):
    """One request's events, the place in the journal where they end, and whether there may be more."""

    events: List[Event]
    cursor: str
    full: bool


def main(path: str, seconds: float) -> None:
    """Send until SIGTERM comes, and then what was printed until then."""
    settings = json.loads(Path(path).read_text())
    instance = Path("/var/lib/cloud/data/instance-id").read_text().strip()
    stream, place = Stream(settings, f"{instance}/server"), Path(os.environ["STATE_DIRECTORY"]) / "cursor"
    # It is waited for, so that it never interrupts a request.
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
    """Send one batch and write down where it ended; whether there may be more."""
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
    """Yield the unit's entries after a place in the journal; without one, those since the machine started.

    Raises:
        ValueError: journalctl failed; it says why on standard error.
    """
    command = ["journalctl", "--unit", UNIT, "--output", "json", "--output-fields", "MESSAGE", "--no-pager", "--quiet"]
    # Without --all a long message would be null.
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
    """Take as many entries as one request may have, in the order of time: a clock may have been set back."""
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
    """Text, and its length in UTF-8, of what journalctl gives: a text, bytes where one is not printable, or several."""
    if isinstance(message, list):
        one = all(isinstance(value, int) for value in message)
        message = bytes(message).decode(errors="replace") if one else "\n".join(text_of(value)[0] for value in message)
    content = (message or "").encode(errors="replace")
    if len(content) > LONGEST_MESSAGE:
        note = f" … {len(content)} bytes, the rest is in the journal".encode()
        content = content[: LONGEST_MESSAGE - len(note)].decode(errors="ignore").encode() + note
    return content.decode(), len(content)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
