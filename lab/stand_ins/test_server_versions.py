"""The versions that the stand-in for TensorFlow Serving loads and unloads while its files change."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING

import pytest
from running_server import Server, configure

if TYPE_CHECKING:
    from pathlib import Path


def test_ports_stay_closed_until_the_configured_version_is_loaded(versions: Path, tmp_path: Path) -> None:
    base = tmp_path / "models"
    base.mkdir()
    server = Server(tmp_path, f"--model_config_file={configure(tmp_path / 'models.config', base, 1)}")
    try:
        server.until(lambda: server.says("was not found in the file system"))
        assert not server.answers()

        (base / "2").symlink_to(versions / "2")
        (base / "1").symlink_to(versions / "1")
        server.until(server.answers)
        assert server.request("POST", "/v1/models/half:predict", '{"instances": [2]}') == (200, {"predictions": [3.0]})

        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait() == -signal.SIGTERM
    finally:
        server.stop()


@pytest.mark.slow
def test_keeps_serving_while_the_base_path_cannot_be_listed_and_loads_a_deleted_version_again(
    versions: Path, tmp_path: Path
) -> None:
    base, away = tmp_path / "models", tmp_path / "away"
    shutil.copytree(versions / "1", base / "1")
    server = Server(tmp_path, f"--model_base_path={base}", "--model_name=half")
    try:
        server.until(server.answers)

        base.rename(away)
        server.until(lambda: server.log.read_text().count(f"cannot list {base}") > 1)
        assert server.request("GET", "/v1/models/half/metadata")[0] == 200

        (away / "1").rename(tmp_path / "version")
        away.rename(base)
        server.until(lambda: server.request("GET", "/v1/models/half/metadata")[0] == 404)

        (tmp_path / "version").rename(base / "1")
        server.until(
            lambda: (
                server.request("POST", "/v1/models/half:predict", '{"instances": [2]}') == (200, {"predictions": [3.0]})
            )
        )
    finally:
        server.stop()
