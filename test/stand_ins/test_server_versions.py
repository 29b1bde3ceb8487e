"""The versions that the stand-in for TensorFlow Serving loads, keeps and unloads while its files change."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING

from running_server import Server, configure

if TYPE_CHECKING:
    from pathlib import Path


def test_ports_stay_closed_until_the_version_is_loaded_and_the_next_one_takes_over(
    versions: Path, tmp_path: Path
) -> None:
    base, config = tmp_path / "models", tmp_path / "models.config"
    base.mkdir()
    server = Server(
        tmp_path, f"--model_config_file={configure(config, base, 1)}", "--model_config_file_poll_wait_seconds=1"
    )
    try:
        server.until(lambda: server.says("was not found in the file system"))
        assert not server.answers()

        (base / "1").symlink_to(versions / "1")
        (base / "2").symlink_to(versions / "2")
        server.until(server.answers)
        assert server.request("POST", "/v1/models/half:predict", '{"instances": [2]}') == (200, {"predictions": [3.0]})

        config.write_text("model_config_list {")
        server.until(lambda: server.says("the new configuration is not used"))
        configure(config, base, 2)
        answers = []

        def moved() -> bool:
            answers.append(server.request("POST", "/v1/models/half:predict", '{"instances": [2]}'))
            return answers[-1] == (200, {"predictions": [4.0]})

        server.until(moved)
        assert {status for status, _ in answers} == {200}

        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait() == -signal.SIGTERM
    finally:
        server.stop()


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
        status, state = server.request("GET", "/v1/models/half")
        assert (status, state["model_version_status"][0]["state"]) == (200, "END")

        (tmp_path / "version").rename(base / "1")
        server.until(
            lambda: (
                server.request("POST", "/v1/models/half:predict", '{"instances": [2]}') == (200, {"predictions": [3.0]})
            )
        )
    finally:
        server.stop()


def test_a_broken_new_version_leaves_the_old_one_serving_until_it_is_replaced(versions: Path, tmp_path: Path) -> None:
    base = tmp_path / "models"
    shutil.copytree(versions / "1", base / "1")
    server = Server(tmp_path, f"--model_base_path={base}", "--model_name=half", "--max_num_load_retries=0")
    try:
        server.until(server.answers)

        (base / "2").mkdir()
        server.until(lambda: server.request("GET", "/v1/models/half/versions/2")[0] == 200)
        server.until(
            lambda: server.request("GET", "/v1/models/half/versions/2")[1]["model_version_status"][0]["state"] == "END"
        )
        shutil.copytree(versions / "2", base / "2", dirs_exist_ok=True)  # It was given up: this is not looked at.
        assert server.request("POST", "/v1/models/half:predict", '{"instances": [2]}') == (200, {"predictions": [3.0]})

        (base / "2").rename(tmp_path / "version")
        server.until(lambda: server.says("is no longer there: 2"))
        (tmp_path / "version").rename(base / "2")
        server.until(
            lambda: (
                server.request("POST", "/v1/models/half:predict", '{"instances": [2]}') == (200, {"predictions": [4.0]})
            )
        )
    finally:
        server.stop()
