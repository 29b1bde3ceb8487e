from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

_REPOSITORY = Path(__file__).parents[3]
sys.path[:0] = [str(_REPOSITORY / "optimizer" / "src"), str(_REPOSITORY / "lab" / "stand_ins")]

from stand_in_registry import Content, Registry
from tensorflow_optimizer.server_binary.credentials import PASSWORD, USERNAME

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _nobody_pulls_by_accident(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (USERNAME, PASSWORD, "AWS_PROFILE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A registry that gives a token to everybody, as Docker Hub does."""
    with Registry(Content(), scheme="Bearer") as running:
        yield running
