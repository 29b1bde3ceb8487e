"""Crashes of the function, through the client of Lambda's own Python images: each takes one invocation with it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]
SOURCE = Path(__file__).parents[1] / "src"
sys.path.insert(0, str(REPOSITORY / "lab" / "stand_ins"))

from stand_in_runtime_api import CLIENT, EndedError, Function

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
def function(models: dict[str, str], tmp_path: Path) -> Any:
    """Give what starts a process of the function as Lambda does."""
    import awslambdaric

    (tmp_path / "hook.py").write_text(HOOK)
    packages = str(Path(awslambdaric.__file__).parents[1])

    def start() -> Function:
        return Function(
            [sys.executable, "-B", "-c", CLIENT, f"{SOURCE}:{tmp_path}:{packages}", "index.handler"],
            {"MODEL_DIR": models["dense"], "MODEL_HOOK": "hook"},
        )

    return start


@pytest.mark.fault
def test_a_crash_takes_down_one_invocation_and_the_next_start_answers(function: Any) -> None:
    rows = {"rows": [[1.0, 2.0, 3.0, 4.0]]}
    with function() as first:
        before = first.invoke(rows)
        assert before.where == "response"
        assert len(before.value["outputs"][0]) == 3
        with pytest.raises(EndedError) as ended:
            first.invoke({**rows, "crash": True})

    # No answer, and no half of one: the process is gone, which Lambda reports as Runtime.ExitError.
    assert ended.value.status == -signal.SIGSEGV
    with function() as second:
        assert second.invoke(rows).body == before.body


def test_a_direct_caller_gets_lambdas_own_error_without_the_reason(function: Any) -> None:
    with function() as started:
        posted = started.invoke({"rows": [[1.0, 2.0, 3.0, 4.0]], "fail": True})
        assert started.invoke({"rows": [[1.0, 2.0, 3.0, 4.0]]}).where == "response"

    assert posted.where == "error"
    answer = posted.value
    assert answer.pop("requestId")
    (frame,) = answer.pop("stackTrace")
    assert "index.py" in frame
    assert "raise FunctionFailedError(fault)" in frame
    message = answer.pop("errorMessage")
    assert message.startswith("the function failed; its log has the reason under the request id ")
    assert answer == {"errorType": "FunctionFailedError"}
    assert "secret" not in message
