from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[3]
for directory in ("runtime/handler/src", "runtime/handler/tests", "optimizer/src"):
    sys.path.insert(0, str(ROOT / directory))

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from model_server import Model

# The same examples every time: a failure in one change is not the accident of another.
settings.register_profile("handler", derandomize=True, deadline=None, max_examples=300)
settings.load_profile("handler")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    from handler_models import build_all

    return build_all(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def load_model(models: dict[str, str]) -> Iterator[Callable[[str], Model]]:
    """Give `load_model(name)`; every model is loaded once, as in Lambda."""
    from model_server import load

    loaded: dict[str, Model] = {}

    def get(name: str) -> Model:
        if name not in loaded:
            loaded[name] = load(models[name])
        return loaded[name]

    yield get
    for model in loaded.values():
        model.close()
