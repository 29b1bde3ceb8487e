from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tensorflow_optimizer.sandbox import Sandbox, Zygote

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def bare() -> Iterator[Zygote]:
    """Yield a zygote that imports nothing, because no task here needs TensorFlow."""
    sys.path.insert(0, str(Path(__file__).parent))
    with Zygote(()) as zygote:
        yield zygote


@pytest.fixture
def place() -> Iterator[Path]:
    """Yield a directory that other users can enter; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        path.chmod(0o755)
        yield path


@pytest.fixture
def leaves(bare: Zygote, place: Path) -> Iterator[Sandbox]:
    """Yield a sandbox with all layers that the machine allows."""
    with Sandbox(place, zygote=bare) as sandbox:
        yield sandbox


@pytest.fixture
def leaves_of_same_user(bare: Zygote, tmp_path: Path) -> Iterator[Sandbox]:
    """Yield a sandbox below a directory that is closed to other users, as for a person who is not root."""
    tmp_path.chmod(0o700)
    with Sandbox(tmp_path, zygote=bare, allow_root=True) as sandbox:
        yield sandbox


@pytest.fixture(params=["forked", "started"])
def how(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Start a leaf as a fork, or as a program."""
    return {} if request.param == "forked" else {"environment": {"A": "b"}}
