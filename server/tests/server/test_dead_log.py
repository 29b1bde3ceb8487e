"""The log where nobody reads it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
import requests
from program import free_port

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.fault
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_a_log_that_cannot_be_written_ends_nothing(command: list[str], models: Path, ending: signal.Signals) -> None:
    port = free_port()
    model = ["--model_name=times", f"--model_base_path={models / 'times'}", "--model_version=1"]
    ports = ["--port=0", f"--rest_api_port={port}", "--drain_delay_in_seconds=60"]
    reader, writer = os.pipe()
    process = subprocess.Popen([*command, *model, *ports], stdout=writer, stderr=writer)
    os.close(writer)
    try:
        text = b""
        while b'"serving"' not in text:
            text += os.read(reader, 1 << 16)
        os.close(reader)
        process.send_signal(ending)
        end = time.monotonic() + 60
        while requests.get(f"http://localhost:{port}/readyz", timeout=60).status_code == 200:
            assert time.monotonic() < end
        body = {"instances": [[1, 2, 3]]}
        answer = requests.post(f"http://localhost:{port}/v1/models/times:predict", json=body, timeout=60)
        assert answer.json() == {"predictions": [[2.0, 4.0, 6.0]]}
        process.send_signal(ending)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
