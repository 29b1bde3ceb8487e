"""Polling of the load balancer: AWS throttles an account's calls, so a fleet must not ask in step."""

from __future__ import annotations

import json
import random
import subprocess
from typing import Any

import boot
import pytest

FIFTH = 0.2


class Clock:
    """Time that passes only while the boot sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class InstanceId:
    def read_text(self) -> str:
        return "i-0123456789abcdef0\n"


def poll(monkeypatch: pytest.MonkeyPatch, seed: int, states: list[str], deadline: float = 1000.0) -> list[float]:
    """Wait for one target group that answers these states, the last one again and again, and return the pauses."""
    clock, answers = Clock(), list(states)

    def aws(arguments: list[str], _: float) -> subprocess.CompletedProcess[str]:
        assert arguments[:2] == ["elbv2", "describe-target-health"]
        assert "Id=i-0123456789abcdef0" in arguments
        state = answers.pop(0) if len(answers) > 1 else answers[0]
        return subprocess.CompletedProcess(arguments, 0, state, "")

    settings: dict[str, Any] = json.loads('{"targetGroups": {"REST": "arn"}}')
    with monkeypatch.context() as patch:
        patch.setattr(boot, "Path", lambda _: InstanceId())
        patch.setattr(boot, "time", clock)
        patch.setattr(boot, "aws", aws)
        patch.setattr(boot, "random", random.Random(seed))
        try:
            boot.wait_in_service(settings, deadline)
        except boot.BootError:
            assert clock.now >= deadline
    return clock.pauses


def test_an_instance_asks_every_ten_seconds_give_or_take_a_fifth(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = poll(monkeypatch, 1, [*["initial"] * 40, "healthy"])

    assert len(pauses) == 40
    assert all(10 * (1 - FIFTH) <= pause <= 10 * (1 + FIFTH) for pause in pauses)
    assert max(pauses) - min(pauses) > 2


def test_instances_that_boot_together_do_not_ask_together(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = [poll(monkeypatch, seed, [*["initial"] * 5, "healthy"]) for seed in range(20)]

    for index in range(5):
        assert len({round(sum(pauses[: index + 1]), 3) for pauses in fleet}) == 20


def test_an_instance_that_is_healthy_at_once_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    assert poll(monkeypatch, 1, ["healthy"]) == []


def test_the_last_pause_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = poll(monkeypatch, 1, ["initial"], deadline=25.0)

    assert sum(pauses) == pytest.approx(25.0)
    assert 3 <= len(pauses) <= 4
