"""A candidate whose process crashes in native code, or is killed."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from sample_jobs import FLOAT16, job_data
from tensorflow_optimizer.candidates import parallel
from tensorflow_optimizer.candidates.plans import litert_plans
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.processes.progress import Progress
from tensorflow_optimizer.sandbox import LeafEndedError, Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorflow_optimizer.sandbox import Zygote

(PLAN,) = litert_plans(Job.model_validate(job_data(recipe=FLOAT16)), has_data=False)


class Builder:
    """Builds in a leaf that ends by a signal as often as its test says, with oneDNN or with any settings."""

    data_bytes = 0

    def __init__(self, sandbox: Sandbox, number: int, times: int, environment: Mapping[str, str] | None = None) -> None:
        self.built: list[Mapping[str, str] | None] = []
        self._sandbox, self._environment = sandbox, environment
        self._signals = [int(number)] * times

    def build(self, _: Any, __: Progress) -> Any:
        self.built.append(self._environment)
        ends_by = self._signals.pop() if self._signals else 0
        with self._sandbox.leaf("crashing_tasks:crash") as leaf:
            return leaf.ask({"signal": ends_by}).document

    def with_environment(self, environment: Mapping[str, str]) -> Any:
        other = Builder(self._sandbox, 0, 0, environment)
        other.built, other._signals = self.built, self._signals
        return other

    def labels_only(self) -> None:
        return None


@pytest.fixture
def leaves(zygote: Zygote) -> Any:
    """Leaves that may import the tasks beside the tests."""
    with Sandbox(zygote=zygote, allow_root=True) as sandbox:
        yield sandbox


@pytest.mark.parametrize(("times", "made"), [(1, True), (2, False)])
def test_what_crashes_is_made_once_more_without_onednn(times: int, made: bool, leaves: Sandbox) -> None:
    builder = Builder(leaves, signal.SIGSEGV, times)
    (found,) = parallel.build_all(builder, [PLAN], 0, Progress())
    assert found == "made" if made else isinstance(found, LeafEndedError)
    assert builder.built == [None, {"TF_ENABLE_ONEDNN_OPTS": "0"}]


def test_what_was_killed_beside_others_is_made_once_more_alone(
    leaves: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel.environment, "processors", lambda: 2)
    monkeypatch.setattr(parallel.environment, "available_memory", lambda: 1 << 40)
    builder = Builder(leaves, signal.SIGKILL, 1)
    assert parallel.build_all(builder, [PLAN, PLAN], 0, Progress()) == ["made", "made"]
    assert builder.built == [None, None, None]


def test_what_was_killed_alone_is_not_made_again(leaves: Sandbox) -> None:
    builder = Builder(leaves, signal.SIGKILL, 1)
    (found,) = parallel.build_all(builder, [PLAN], 0, Progress())
    assert isinstance(found, LeafEndedError)
    assert "most likely because it ran out of memory" in str(found)
    assert builder.built == [None]
