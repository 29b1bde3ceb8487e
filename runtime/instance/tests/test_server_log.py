"""Delivery of the server's output from an instance's journal to CloudWatch Logs.

The journal is systemd's own journald, the AWS CLI a real one, Python 3.9; CloudWatch Logs is the embedded AWS's.
"""

from __future__ import annotations

import json
import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudwatch
import instance
import pytest
import server_log
from embedded_aws.host.pythons import find_python
from support import unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import Running

JOURNALD = Path("/lib/systemd/systemd-journald")
PROGRAM = instance.ROOT / "runtime" / "instance" / "src" / "server_log.py"
SETTINGS = "/etc/cloudwatch.json"
HOUR = 3_600_000


def entry(message: Any, at: int = 0, cursor: str = "c") -> dict[str, Any]:
    return {"__CURSOR": cursor, "__REALTIME_TIMESTAMP": str(at * 1000), "MESSAGE": message}


def messages(batch: server_log.Batch) -> list[str]:
    return [event["message"] for event in batch.events]


class TestABatch:
    def test_is_in_order_of_time_even_if_the_clock_was_set_back_and_ends_at_the_journals_read_position(self) -> None:
        batch = server_log.collect([entry("b", 20, "1"), entry("c", 20, "2"), entry("a", 10, "3")])

        assert messages(batch) == ["a", "b", "c"]
        assert (batch.cursor, batch.full) == ("3", False)

    @pytest.mark.parametrize("later", [24 * HOUR + 1, -24 * HOUR - 1])
    def test_spans_at_most_a_day_whichever_way_the_clock_moves(self, later: int) -> None:
        start = 100 * HOUR
        within = start + (later - 1 if later > 0 else later + 1)

        batch = server_log.collect([entry("a", start, "1"), entry("b", within, "2"), entry("c", start + later, "3")])

        assert sorted(messages(batch)) == ["a", "b"]
        assert (batch.cursor, batch.full) == ("2", True)

    def test_has_at_most_ten_thousand_lines(self) -> None:
        batch = server_log.collect(entry("x", cursor=str(number)) for number in range(10_001))

        assert (len(batch.events), batch.cursor, batch.full) == (10_000, "9999", True)

    def test_has_at_most_a_mebibyte_including_the_overhead_of_each_line(self) -> None:
        fits = (1_048_576 - 8 * 26) // 8

        exactly = server_log.collect(entry("x" * fits) for _ in range(8))
        more = server_log.collect([*(entry("x" * fits, cursor="7") for _ in range(7)), entry("x" * (fits + 1))])

        assert (len(exactly.events), exactly.full) == (8, False)
        assert (len(more.events), more.cursor, more.full) == (7, "7", True)

    def test_skips_empty_lines_which_cloudwatch_does_not_accept(self) -> None:
        batch = server_log.collect([entry("", cursor="1"), entry(None, cursor="2")])

        assert (batch.events, batch.cursor) == ([], "2")

    def test_has_unprintable_lines_as_text(self) -> None:
        several = ["one", [0xFF, *b"two"]]

        assert messages(server_log.collect([entry([*b"\x1b[1m", 0xFF]), entry(several)])) == ["\x1b[1m�", "one\n�two"]

    def test_cuts_a_line_that_is_too_long_for_cloudwatch_between_characters_and_says_so(self) -> None:
        [message] = messages(server_log.collect([entry("ü" * 200_000)]))

        assert 262_144 - 26 - 1 <= len(message.encode()) <= 262_144 - 26
        assert message.endswith("ü … 400000 bytes, the rest is in the journal")
        assert messages(server_log.collect([entry("x" * (262_144 - 26))])) == ["x" * (262_144 - 26)]


@pytest.mark.parametrize(
    ("information", "count"),
    [
        ({}, 0),
        ({"tooOldLogEventEndIndex": 2}, 2),
        ({"tooOldLogEventEndIndex": 2, "expiredLogEventEndIndex": 3}, 3),
        ({"tooNewLogEventStartIndex": 9}, 1),
        ({"expiredLogEventEndIndex": 1, "tooNewLogEventStartIndex": 8}, 3),
    ],
)
def test_rejected_lines_are_counted(information: dict[str, int], count: int) -> None:
    assert cloudwatch.rejected(information, 10) == count


BOOT = f"""#!/bin/bash
[ -s /etc/machine-id ] || tr -d - < /proc/sys/kernel/random/uuid > /etc/machine-id
ln -sf /usr/bin/journalctl /opt/instance/bin/journalctl
mkdir -p /run/systemd/journal
# journald asks which processes belong to a unit, and ends where nobody can say.
mount -t sysfs sysfs /sys
mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
{JOURNALD} &
while [ ! -S /run/systemd/journal/socket ]; do sleep 0.1; done
"""
# journald's own protocol. It attributes an entry of root to the unit that the entry names, as it does with systemd's.
PRINT = """
import socket, struct, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
    journal.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    journal.connect("/run/systemd/journal/socket")
    for line in sys.argv[1:]:
        text = line.replace("HUGE", "x" * 300_000).encode()
        unit = b"OBJECT_SYSTEMD_UNIT=model-server.service\\n"
        journal.send(unit + b"MESSAGE\\n" + struct.pack("<Q", len(text)) + text + b"\\n")
"""
# An AWS that has one answer to what is written to a stream.
ONE_ANSWER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        writes = self.headers["X-Amz-Target"].endswith("PutLogEvents")
        status, body = (int(sys.argv[1]), sys.argv[2].encode()) if writes else (200, b"{}")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", 9999), Handler).serve_forever()
"""


class Sender:
    """The program on an instance that has a journal."""

    def __init__(self, aws: Running, directory: Path) -> None:
        self.logs = aws.client("logs")
        self.name, self.log_group = unique("i"), unique("server-log")
        self.instance = instance.Instance(self.name, BOOT, directory / "instance", instance.host(aws, directory))
        assert self.instance.code == 0, self.instance.output
        settings = json.dumps({"region": "us-east-1", "logGroup": self.log_group})
        self.run(f"echo {shlex.quote(settings)} > {SETTINGS}; mkdir -p /var/lib/sender")

    def run(self, command: str) -> str:
        code, output = self.instance.run(command)
        assert code == 0, output
        return output

    def print(self, *lines: str) -> None:
        self.run(f"python3 -c {shlex.quote(PRINT)} {shlex.join(lines)} && journalctl --sync")

    def start(self, seconds: float = 0.3, **environment: str) -> None:
        """Every fraction of a second instead of every ten."""
        variables = {"STATE_DIRECTORY": "/var/lib/sender", "AWS_MAX_ATTEMPTS": "1", **environment}
        given = " ".join(f"{name}={value}" for name, value in variables.items())
        program = shlex.join(["python3", str(PROGRAM), str(SETTINGS), str(seconds)])
        self.run(f"{given} setsid {program} >> /said 2>&1 & echo $! > /sender")

    def stop(self, signal: str = "TERM") -> None:
        self.run(f"kill -{signal} $(cat /sender)")
        self.wait(lambda: not self.running())

    def running(self) -> bool:
        return self.instance.run("grep -q server_log /proc/$(cat /sender)/cmdline")[0] == 0

    def said(self) -> str:
        return self.run("cat /said")

    def make_group(self) -> None:
        self.logs.create_log_group(logGroupName=self.log_group)

    def sent(self) -> list[str]:
        try:
            answer = self.logs.get_log_events(logGroupName=self.log_group, logStreamName=f"{self.name}/server")
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in answer["events"]]

    def wait(self, condition: Any) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, (self.sent(), self.said())
            time.sleep(0.2)


@pytest.fixture
def sender(aws: Running, tmp_path: Path) -> Iterator[Sender]:
    if os.geteuid() != 0:
        pytest.skip("needs root for a root of its own")
    if find_python("3.9") is None or not JOURNALD.is_file():
        pytest.skip("needs the Python 3.9 of Amazon Linux 2023, and systemd-journald")
    made = Sender(aws, tmp_path)
    yield made
    made.instance.end()


def test_continues_after_a_restart_and_sends_nothing_twice(sender: Sender) -> None:
    sender.make_group()
    sender.print("before the sender", "HUGE", "with\nan end of line, \x1b[1mbold and ü")
    sender.start()
    sender.wait(lambda: sender.instance.run("test -s /var/lib/sender/cursor")[0] == 0)
    assert len(sender.sent()) == 3
    sender.stop("KILL")
    sender.print("while there was none")
    sender.start()
    sender.wait(lambda: len(sender.sent()) == 4)
    sender.print("at last")
    sender.wait(lambda: len(sender.sent()) == 5)

    first, huge, *others = sender.sent()
    assert [first, *others] == [
        "before the sender",
        "with\nan end of line, \x1b[1mbold and ü",
        "while there was none",
        "at last",
    ]
    assert huge.endswith("xxx … 300000 bytes, the rest is in the journal")
    assert sender.said() == ""


@pytest.mark.slow
def test_sends_the_last_output_when_the_instance_stops(sender: Sender) -> None:
    sender.make_group()
    sender.print("at first")
    sender.start(seconds=600)
    sender.wait(lambda: sender.sent() == ["at first"])
    sender.print("at last")
    sender.stop()

    assert sender.sent() == ["at first", "at last"]


@pytest.mark.slow
def test_waits_for_a_log_group_that_does_not_exist_yet(sender: Sender) -> None:
    sender.start()
    sender.print("a line")
    sender.wait(lambda: "ResourceNotFoundException" in sender.said())
    sender.make_group()
    sender.wait(lambda: sender.sent() == ["a line"])


@pytest.mark.slow
@pytest.mark.fault
def test_keeps_unsent_lines_while_cloudwatch_is_unreachable(sender: Sender) -> None:
    sender.make_group()
    sender.print("a line")
    sender.start(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    sender.wait(lambda: "waits in the journal" in sender.said())
    sender.print("another")

    assert "Could not connect" in sender.said()
    assert sender.running()
    sender.stop()
    sender.start()
    sender.wait(lambda: sender.sent() == ["a line", "another"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "answer", "says", "keeps"),
    [
        pytest.param(400, {"__type": "AccessDeniedException"}, "AccessDeniedException", True, id="denied"),
        pytest.param(400, {"__type": "ThrottlingException"}, "ThrottlingException", True, id="too many requests"),
        pytest.param(400, {"__type": "InvalidParameterException"}, "did not take 2 of 2 lines", False, id="refused"),
        pytest.param(
            200,
            {"rejectedLogEventsInfo": {"tooOldLogEventEndIndex": 1}},
            "did not take 1 of 2 lines",
            False,
            id="too old",
        ),
    ],
)
def test_reports_cloudwatchs_answer_and_keeps_lines_that_may_be_sent_later(
    sender: Sender, status: int, answer: dict[str, Any], says: str, keeps: bool
) -> None:
    sender.make_group()
    sender.run(f"setsid python3 -c {shlex.quote(ONE_ANSWER)} {status} {shlex.quote(json.dumps(answer))} > /aws 2>&1 &")
    sender.print("a line", "another")
    sender.start(AWS_ENDPOINT_URL="http://127.0.0.1:9999")
    sender.wait(lambda: says in sender.said())

    assert sender.running()
    sender.stop()
    sender.start()
    sender.print("a later one")
    sender.wait(lambda: "a later one" in sender.sent())
    assert sender.sent() == (["a line", "another", "a later one"] if keeps else ["a later one"])
