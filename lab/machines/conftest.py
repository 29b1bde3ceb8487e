from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "lab" / "emulator" / "tests"), str(ROOT / "runtime" / "instance" / "tests")]

from machines import Booted, MachineFleet, boot
from running import Running, started


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One embedded AWS for all tests. Names in it are the tests' own."""
    with started(tmp_path_factory.mktemp("embedded-aws")) as running:
        yield running


@pytest.fixture
def fleet(aws: Running, tmp_path: Path) -> Iterator[MachineFleet]:
    made = MachineFleet(aws, tmp_path)
    yield made
    for one in made.running:
        one.end()


@pytest.fixture
def booted(tmp_path: Path) -> Iterator[Callable[..., Booted]]:
    """Boots machines, which end with the test."""
    running: list[Booted] = []

    def start(user_data: str = "#!/bin/bash\n", **options: Any) -> Booted:
        running.append(boot(tmp_path / f"machine-{len(running)}", user_data, **options))
        return running[-1]

    yield start
    for one in running:
        one.end()
