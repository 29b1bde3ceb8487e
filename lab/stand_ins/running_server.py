"""A stand-in server in a process of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded_aws.host.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "lab" / "stand_ins"), "TF_CPP_MIN_LOG_LEVEL": "2"}


class Server:
    """A started stand-in server."""

    def __init__(self, directory: Path, *flags: str, prefix: tuple[str, ...] = ()) -> None:
        self.port, self.rest_port = free_port(), free_port()
        self.log = directory / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    *prefix,
                    sys.executable,
                    "-m",
                    "stand_in_server",
                    f"--port={self.port}",
                    f"--rest_api_port={self.rest_port}",
                    *flags,
                ],
                env=ENVIRONMENT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def request(self, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
        """Return the status and the body of an answer, which may be JSON."""
        status, content_type, content = self.ask(method, path, body)
        return status, json.loads(content) if content_type == "application/json" else content.decode()

    def ask(
        self, method: str, path: str, body: str | bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str, bytes]:
        """Return the status, the content type and the bytes of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.rest_port, timeout=60)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.getheader("Content-Type") or "", response.read()
        finally:
            connection.close()

    def counted(self, name: str, **labels: str) -> float:
        """Return the value of one counter on the page for Prometheus, 0 where it is not there."""
        page = self.request("GET", "/metrics")[1]
        text = ",".join(f'{label}="{value}"' for label, value in labels.items())
        found = re.search(rf"^:tensorflow:serving:{name}\{{{re.escape(text)}\}} (\S+)$", page, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def answers(self) -> bool:
        if not self.says("Exporting HTTP/REST API at"):
            return False  # Whoever answers at the port, it is another process, which got it meanwhile.
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.rest_port), 1):
            return True
        return False

    def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)

    def says(self, text: str) -> bool:
        return text in self.log.read_text()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def configure(file: Path, base_path: Path, version: int) -> Path:
    """Write a configuration of one version of the model `half`, at once, and return its file."""
    text = (
        f'model_config_list {{ config {{ name: "half" base_path: "{base_path}" model_platform: "tensorflow" '
        f"model_version_policy {{ specific {{ versions: {version} }} }} }} }}\n"
    )
    (file.parent / "next").write_text(text)
    (file.parent / "next").rename(file)
    return file
