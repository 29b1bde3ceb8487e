"""The process of the stand-in for TensorFlow Serving: its flags, why it does not start, and signals."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from running_server import Server


def test_the_first_unknown_flag_is_printed_and_all_unknown_ones_are_ignored(server: Server) -> None:
    assert server.says("unknown argument: --no_such_flag=1\nusage:")
    assert not server.says("--no_such_flag_either")


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (["--port=high"], "Couldn't interpret value high for flag port"),
        ([], "model_base_path"),
        (["--model_base_path=/tmp", "--batching_parameters_file=/dev/null"], "enable_batching"),
    ],
)
def test_does_not_start(tmp_path: Path, flags: list[str], error: str) -> None:
    server = Server(tmp_path, *flags)

    assert server.process.wait() == 255
    assert server.says(error)


def test_waits_for_a_bucket_that_it_cannot_read(tmp_path: Path) -> None:
    server = Server(tmp_path, "--model_base_path=s3://bucket/model")
    try:
        server.until(lambda: server.log.read_text().count("File system scheme 's3' not implemented") > 1)
        assert not server.answers()
    finally:
        server.stop()


@pytest.mark.slow
def test_gives_up_on_a_broken_model(tmp_path: Path) -> None:
    (tmp_path / "broken" / "1").mkdir(parents=True)
    server = Server(
        tmp_path,
        f"--model_base_path={tmp_path / 'broken'}",
        "--max_num_load_retries=1",
        "--load_retry_interval_micros=1000",
    )

    assert server.process.wait() == 255
    assert server.says("Failed to start server")
    assert server.says("saved_model.pb")
    assert not server.answers()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a process namespace")
def test_sigterm_does_nothing_to_the_first_process_of_a_namespace(versions: Path, tmp_path: Path) -> None:
    server = Server(
        tmp_path,
        f"--model_base_path={versions}",
        "--model_name=half",
        prefix=("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"),
    )
    try:
        server.until(server.answers)
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        assert server.request("GET", "/v1/models/half/metadata")[0] == 200
    finally:
        server.stop()
