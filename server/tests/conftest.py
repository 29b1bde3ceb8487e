from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).parents[2]
for directory in (
    "server/tests",
    "server/tests/server",
    "server/tests/server/attack",
    "server/tests/clients",
    "server/tests/openapi",
    "runtime/handler/src",
    "runtime/handler/tests",
    "optimizer/src",
    "test/contract",
    "lab/stand_ins",
):
    sys.path.insert(0, str(REPOSITORY / directory))

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stand_in_runtime_api import Function

# The same examples every time: a failure in one change is not the accident of another.
settings.register_profile("native", derandomize=True, deadline=None)
settings.load_profile("native")


@pytest.fixture(scope="session")
def program() -> Path:
    """The native program with its server."""
    from native_programs import built

    return built("model_server")


@pytest.fixture(scope="session")
def bootstrap() -> Path:
    """The native program as Lambda's layer has it."""
    from native_programs import built

    return built("bootstrap", "model_server")


@pytest.fixture(scope="session")
def library() -> str:
    from native_programs import LIBRARY

    return LIBRARY


@pytest.fixture(scope="session")
def command(program: Path, library: str) -> list[str]:
    """Give the program with the library for its processor."""
    digest = hashlib.sha256(Path(library).read_bytes()).hexdigest()
    return [str(program), f"--litert_library={library}", f"--litert_library_sha256={digest}"]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    from handler_models import build_all

    return build_all(tmp_path_factory.mktemp("models"))


@pytest.fixture
def start(bootstrap: Path, library: str) -> Iterator[Callable[..., Function]]:
    """Give `start(model directory, **environment)`."""
    from stand_in_runtime_api import Function

    started: list[Function] = []

    def run(directory: str, **environment: str) -> Function:
        function = Function([bootstrap], {"MODEL_DIR": directory, "LITERT_LIBRARY": library, **environment})
        started.append(function)
        return function

    yield run
    for function in started:
        function.close()


@pytest.fixture(scope="session")
def serve(bootstrap: Path, library: str, models: dict[str, str]) -> Iterator[Callable[[str], Function]]:
    """Give `serve(name of a model)`: a process for each model, for all tests."""
    from stand_in_runtime_api import Function

    running: dict[str, Function] = {}

    def get(name: str) -> Function:
        if name not in running:
            running[name] = Function([bootstrap], {"MODEL_DIR": models[name], "LITERT_LIBRARY": library})
        return running[name]

    yield get
    for function in running.values():
        function.close()


@pytest.fixture(scope="session")
def answer(serve: Callable[[str], Function]) -> Callable[[str, Any], Any]:
    """Give `answer(name of a model, event)`: what the function returns, as `events.answer` of the Python handler."""

    def get(name: str, event: Any) -> Any:
        posted = serve(name).invoke(event)
        assert posted.where == "response", posted
        return posted.value

    return get
