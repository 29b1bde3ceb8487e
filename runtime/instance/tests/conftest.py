from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

for directory in ("lab/emulator/tests", "server/tests/server"):
    sys.path.append(str(Path(__file__).parents[3] / directory))

from fleet import Fleet
from running import started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import Running


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One embedded AWS for all tests. Names in it are the tests' own."""
    with started(tmp_path_factory.mktemp("embedded-aws")) as running:
        yield running


@pytest.fixture
def fleet(aws: Running, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(aws, tmp_path)
    yield made
    for entry in made.running:
        entry.end()
