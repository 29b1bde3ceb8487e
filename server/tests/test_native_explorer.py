"""The page of `explorer`, served by the native program as a function and as a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from native_fronts import event_of
from program import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_in_runtime_api import Function

PATH = "/v1/models/tiny/explorer"
PAGE = (Path(__file__).parents[1] / "src" / "rest" / "explorer.html").read_text(encoding="utf-8")
HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "frame-ancestors 'none'",
    "cache-control": "no-store",
}


def asked(server: Server, path: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
    response = server.get(path) if method == "GET" else server.post(path, b"")
    headers = {name: response.headers.get(name, "") for name in HEADERS}
    return response.status_code, headers, response.content.decode()


@pytest.fixture
def serve(models: dict[str, str], command: list[str], tmp_path: Path) -> Callable[..., Server]:
    """Give `serve(*flags)`, a server of the model."""

    def begin(*more: str) -> Server:
        (tmp_path / "tiny").mkdir()
        (tmp_path / "tiny" / "3").symlink_to(models["dense"])
        flags = ["--model_name=tiny", f"--model_base_path={tmp_path / 'tiny'}", "--model_version=3"]
        return Server(command, tmp_path, [*flags, "--allow_unverified_files", *more])

    return begin


def test_a_server_serves_the_page_of_each_model_where_it_is_told_to(serve: Callable[..., Server]) -> None:
    with serve("--explorer") as server:
        assert asked(server, PATH) == (200, HEADERS, PAGE)
        assert asked(server, "/v1/models/tiny/versions/3/explorer") == (200, HEADERS, PAGE)
        assert [asked(server, path)[0] for path in (f"{PATH}/", "/v1/models/other/explorer", "/explorer")] == [404] * 3
        assert asked(server, PATH, "POST")[0] == 405


@pytest.mark.parametrize("flags", [[], ["--explorer=false"]])
def test_a_server_has_no_page_otherwise(serve: Callable[..., Server], flags: list[str]) -> None:
    with serve(*flags) as server:
        status, _, body = asked(server, PATH)
        assert (status, "unknown path" in body) == (404, True)


def test_a_function_serves_the_page_where_it_is_told_to(start: Callable[..., Function], models: dict[str, str]) -> None:
    function = start(models["dense"], EXPLORER="true")
    for path in (PATH, f"/prod{PATH}"):
        page = {"statusCode": 200, "headers": HEADERS, "body": PAGE, "isBase64Encoded": False}
        assert function.invoke(event_of("GET", path, None)).value == page
    assert function.invoke(event_of("POST", PATH, None)).value["statusCode"] == 405


@pytest.mark.parametrize("environment", [{}, {"EXPLORER": ""}, {"EXPLORER": "false"}])
def test_a_function_has_no_page_otherwise(
    start: Callable[..., Function], models: dict[str, str], environment: dict[str, str]
) -> None:
    answer = start(models["dense"], **environment).invoke(event_of("GET", PATH, None)).value
    assert (answer["statusCode"], "unknown path" in answer["body"]) == (404, True)
