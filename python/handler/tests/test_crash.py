"""What breaks the function, through the client of Lambda's own Python images: it takes one invocation with it."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]
SOURCE = Path(__file__).parents[1] / "src"
sys.path.insert(0, str(REPOSITORY / "test" / "stand_ins"))

from stand_in_runtime_api import CLIENT, RuntimeApi

#: Reads where nothing is, as a library does that was given a model it cannot cope with.
HOOK = """
import ctypes

def preprocess(event):
    if event.get("crash"):
        ctypes.string_at(0)
    if event.get("fail"):
        raise LookupError("a secret of " + __file__)
    return event["rows"]
"""


@pytest.fixture
def start(models: dict[str, str], library: str, tmp_path: Path) -> Any:
    """Give a function that starts a process as Lambda does, with one invocation; return its answer and how it ended."""
    import awslambdaric

    (tmp_path / "hook.py").write_text(HOOK)
    packages = str(Path(awslambdaric.__file__).parents[1])

    def run(event: Any) -> tuple[Any, int | None]:
        api = RuntimeApi(event)
        process = subprocess.Popen(
            [sys.executable, "-B", "-c", CLIENT, f"{SOURCE}:{tmp_path}:{packages}", "index.handler"],
            env={
                "PATH": "/usr/bin:/bin",
                "AWS_LAMBDA_RUNTIME_API": api.address,
                "MODEL_DIR": models["dense"],
                "MODEL_HOOK": "hook",
                "LITERT_LIBRARY": library,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            while True:
                try:
                    return api.answers.get(timeout=0.2)[1], process.poll()
                except queue.Empty:
                    if process.poll() is not None:
                        return None, process.returncode
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
            api.close()

    return run


def test_a_crash_takes_down_one_invocation_and_the_next_start_answers(start: Any) -> None:
    rows = [[1.0, 2.0, 3.0, 4.0]]
    before, running = start({"rows": rows})
    assert running is None
    assert len(before["outputs"][0]) == 3

    answer, status = start({"rows": rows, "crash": True})

    # No answer, and no half of one: the process is gone, which Lambda reports as Runtime.ExitError.
    assert answer is None
    assert status == -signal.SIGSEGV
    assert start({"rows": rows}) == (before, None)


def test_a_direct_caller_hears_of_a_fault_as_lambda_says_it_and_nothing_of_the_reason(start: Any) -> None:
    posted, running = start({"rows": [[1.0, 2.0, 3.0, 4.0]], "fail": True})

    assert running is None
    answer = posted["error"]
    assert answer.pop("requestId")
    (frame,) = answer.pop("stackTrace")
    assert "index.py" in frame
    assert "raise FunctionFailedError(fault)" in frame
    message = answer.pop("errorMessage")
    assert message.startswith("the function failed; its log has the reason under the request id ")
    assert answer == {"errorType": "FunctionFailedError"}
    assert "secret" not in message
