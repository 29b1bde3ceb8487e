"""openapi.json, served by the native program as a function and as a server, and by the Python handler."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from model_server import events, load
from native_fronts import event_of
from program import NotStartedError, Server
from server_models import checksums
from tensorflow_optimizer.documents.manifest import ModelDescription
from tensorflow_optimizer.openapi import openapi_document, openapi_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stand_in_runtime_api import Function

    Get = Callable[..., tuple[int, Any]]

BASE = "/v1/models/tiny"
PATH = f"{BASE}/openapi.json"


@pytest.fixture(scope="session")
def described(models: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a directory of a model with the document that is published with it."""
    directory = tmp_path_factory.mktemp("described") / "3"
    shutil.copytree(models["dense"], directory)
    description = ModelDescription.model_validate_json((directory / "model.json").read_bytes())
    (directory / "openapi.json").write_text(openapi_text(openapi_document(description)))
    checksums(directory)
    return directory


def flags(directory: Path, name: str = "tiny") -> list[str]:
    return [f"--model_name={name}", f"--model_base_path={directory.parent}", f"--model_version={directory.name}"]


@pytest.fixture(params=["function", "server", "python"])
def get(
    request: pytest.FixtureRequest,
    described: Path,
    start: Callable[..., Function],
    command: list[str],
    tmp_path: Path,
) -> Iterator[Get]:
    """Give `get(path, method)` of each front, which returns status and document."""
    if request.param == "server":
        with Server(command, tmp_path, flags(described)) as server:
            yield lambda path, method="GET": answer_of(server, method, path)
        return
    if request.param == "function":
        function = start(str(described))
        yield lambda path, method="GET": parsed(function.invoke(event_of(method, path, None)).value)
        return
    model = load(str(described))
    yield lambda path, method="GET": parsed(events.answer(model, event_of(method, path, None)))
    model.close()


def answer_of(server: Server, method: str, path: str) -> tuple[int, Any]:
    response = server.get(path) if method == "GET" else server.post(path, b"")
    assert response.headers["Content-Type"] == "application/json"
    return response.status_code, response.json()


def parsed(response: dict[str, Any]) -> tuple[int, Any]:
    assert response["headers"]["content-type"] == "application/json"
    return response["statusCode"], json.loads(response["body"])


def test_the_document_is_served_below_the_model(get: Get, described: Path, request: pytest.FixtureRequest) -> None:
    published = json.loads((described / "openapi.json").read_text())
    if "python" in request.node.name:
        published["paths"] = {path: item for path, item in published["paths"].items() if not path.startswith("/v2")}
        assert len(published["paths"]) == 4
    for path in (PATH, f"{BASE}/versions/3/openapi.json"):
        assert get(path) == (200, published)
    assert get(PATH, "POST")[0] == 405
    assert get(f"{BASE}/versions/4/openapi.json")[0] == 404
    assert get(f"{BASE}/openapi.yaml")[0] == 404


def test_every_path_of_the_document_is_answered(get: Get) -> None:
    _, document = get(PATH)
    for path, item in document["paths"].items():
        assert get(path, "GET")[0] == (200 if "get" in item else 405), path


def test_a_version_without_a_document_says_so(start: Callable[..., Function], models: dict[str, str]) -> None:
    status, body = parsed(start(models["dense"]).invoke(event_of("GET", PATH, None)).value)
    sentence = "version 3 has no openapi.json of the model 'tiny': it was published by another release, or by another"
    assert (status, body) == (404, {"error": f"{sentence} name"})
    model = load(models["dense"])
    assert parsed(events.answer(model, event_of("GET", PATH, None))) == (status, body)
    model.close()


def test_a_document_about_another_name_is_not_served(
    start: Callable[..., Function], described: Path, command: list[str], tmp_path: Path
) -> None:
    path = "/v1/models/other/openapi.json"
    with Server(command, tmp_path, flags(described, "other")) as server:
        assert answer_of(server, "GET", path)[0] == 404
    function = start(str(described), MODEL_NAME="other")
    status, body = parsed(function.invoke(event_of("GET", path, None)).value)
    assert (status, body["error"].partition(":")[0]) == (404, "version 3 has no openapi.json of the model 'other'")


def test_a_function_with_a_hook_has_no_document(described: Path) -> None:
    from model_server.hook import Hook

    model = load(str(described))
    status, body = parsed(events.answer(model, event_of("GET", PATH, None), Hook(lambda _: {}, None)))
    assert (status, "hook" in body["error"]) == (404, True)
    model.close()


def test_a_server_refuses_a_document_that_was_changed(described: Path, command: list[str], tmp_path: Path) -> None:
    changed = tmp_path / "models" / "3"
    shutil.copytree(described, changed)
    with (changed / "openapi.json").open("a") as file:
        file.write("\n")
    with pytest.raises(NotStartedError, match="it is damaged, or another file"):
        Server(command, tmp_path, flags(changed)).__enter__()


def test_a_document_that_is_no_text_is_a_fault_of_the_function(
    start: Callable[..., Function], described: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "3"
    shutil.copytree(described, changed)
    (changed / "openapi.json").write_bytes(b"\xff")
    assert parsed(start(str(changed)).invoke(event_of("GET", PATH, None)).value)[0] == 500
