from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from tensorflow_optimizer.sandbox import Sandbox, Zygote
from world import World, made_world

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def bare_zygote() -> Iterator[Zygote]:
    """Starts leaves that need no TensorFlow."""
    with Zygote(("numpy", "hostile_leaf")) as zygote:
        yield zygote


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        yield made


@pytest.fixture
def bare_sandbox(world: World, bare_zygote: Zygote) -> Iterator[Sandbox]:
    """Leaves that play scripts."""
    with Sandbox(world.leaves, zygote=bare_zygote) as made:
        yield made
