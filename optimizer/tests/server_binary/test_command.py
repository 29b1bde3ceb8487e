"""`server-binary`, as people call it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from stand_in_registry import Content, Registry, one_image
from tensorflow_optimizer.command_line.app import app
from typer.testing import CliRunner, Result

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = b"#!/bin/sh\nexec true\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["server-binary", *arguments])


def test_writes_the_program_and_prints_the_arguments_of_from_bucket(tmp_path: Path) -> None:
    out = tmp_path / "new" / "server"
    with Registry(one_image(PROGRAM, "serving", "1")) as registry:
        image = f"{registry.host}/serving:1"
        result = call(image, "--out", str(out))
        assert result.exit_code == 0, result.output
        assert out.read_bytes() == PROGRAM
        assert out.stat().st_mode & 0o111
        assert f"sha256: {hashlib.sha256(PROGRAM).hexdigest()}" in result.output
        assert f"digest: {registry.content.tags['serving', '1']}" in result.output

        registry.requests.clear()
        assert call(image, "--out", str(out)).exit_code == 0
        assert sum("/blobs/" in path for path in registry.requests) == 1, "the layers are in the cache"
        assert call(image, "--out", str(out), "--no-cache").exit_code == 0
        assert sum("/blobs/" in path for path in registry.requests) == 4


def test_fails_with_one_sentence_and_keeps_existing_files(tmp_path: Path) -> None:
    out = tmp_path / "server"
    out.write_text("before")
    with Registry(Content()) as registry:
        result = call(f"{registry.host}/serving:1", "--out", str(out))
    assert result.exit_code == 2
    assert result.output.splitlines()[-1].startswith(f"error: there is no image {registry.host}/serving:1")
    assert out.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["server"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = call("serving:1", "--out", str(tmp_path / "file" / "server"))
    assert result.exit_code == 1
    assert "cannot be written" in result.output
