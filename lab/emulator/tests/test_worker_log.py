"""The log of an invocation: all that was printed before its answer, however late it is read."""

from __future__ import annotations

import queue
import time
from typing import TYPE_CHECKING, Any

import pytest
from embedded_aws.awslambda.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUNTIME = """
import json, sys
for message in map(json.loads, sys.stdin):
    sys.stderr.write(message.get("event", "loading\\n"))
    sys.stderr.flush()
    if message.get("event", "").startswith("exit"):
        sys.exit(3)
    print(json.dumps({"status": "ok" if "event" in message else "ready"}), flush=True)
"""
CONTEXT = {"request_id": "r"}


class SlowQueue(queue.Queue[str]):
    """Takes its time for each line, as a thread does on a busy machine."""

    def put(self, item: str, *rest: Any, **named: Any) -> None:
        time.sleep(0.1)
        super().put(item, *rest, **named)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    runtime = tmp_path / "runtime.py"
    runtime.write_text(RUNTIME)
    made = Worker({}, {}, {}, runtime, tmp_path, _log=SlowQueue())
    assert made.start() is None
    yield made
    made.stop()


def test_each_answer_has_its_own_lines_and_all_of_them(worker: Worker) -> None:
    logs = [worker.invoke(text, CONTEXT, 20, 512).log for text in ("one\n\ntwo\n", "", "without an end", "last\n")]

    assert logs == ["loading\none\n\ntwo", "", "without an end", "last"]


def test_a_process_that_ends_has_said_why(worker: Worker) -> None:
    outcome = worker.invoke("exit\nwhy\nwhere\n", CONTEXT, 20, 512)

    assert outcome.failed
    assert outcome.log == "loading\nexit\nwhy\nwhere\nRequestId: r Error: Runtime exited"
