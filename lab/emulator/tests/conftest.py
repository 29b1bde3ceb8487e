from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from running import started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import Running


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One embedded AWS for all tests that do not stop it. Names in it are the tests' own."""
    with started(tmp_path_factory.mktemp("embedded-aws")) as running:
        yield running
