"""Starts the real program and talks to it."""

from __future__ import annotations

import itertools
import json
import random
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any, Self

import requests

if TYPE_CHECKING:
    from pathlib import Path


class NotStartedError(RuntimeError):
    """The program ended before it served."""


class Server:
    """One running program, with ports of its own. Its log is a list of JSON objects."""

    def __init__(self, command: list[str], directory: Path, flags: list[str], *, scheme: str = "http") -> None:
        self._command, self._directory, self._flags, self._scheme = command, directory, flags, scheme
        self._start()

    def _start(self) -> None:
        self.grpc_port, self.rest_port = free_port(), free_port()
        self.url = f"{self._scheme}://localhost:{self.rest_port}"
        self._output = (self._directory / f"server-{self.rest_port}.log").open("w+")
        ports = [f"--port={self.grpc_port}", f"--rest_api_port={self.rest_port}"]
        command = [*self._command, *ports, *self._flags]
        self.process = subprocess.Popen(command, stdout=self._output, stderr=subprocess.STDOUT)

    def __enter__(self) -> Self:
        while True:
            try:
                self.wait_until(lambda: self.says("serving"))
            except NotStartedError as ended:
                self.stop()
                # Another process can take a port between its choice and the program's start.
                if "Address already in use" not in str(ended):
                    raise
                self._start()
            except BaseException:
                self.stop()
                raise
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Kill the program if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._output.close()

    @property
    def output(self) -> str:
        self._output.flush()
        with open(self._output.name) as file:  # noqa: PTH123 - the file that the program writes
            return file.read()

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.splitlines() if line.startswith("{") and line.endswith("}")]

    def says(self, message: str) -> bool:
        return any(line.get("message", "").startswith(message) for line in self.log)

    def wait_until(self, condition: Any, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                raise NotStartedError(f"ended with {self.process.returncode}:\n{self.output}")
            if time.monotonic() > end:
                raise TimeoutError(self.output)
            time.sleep(0.02)

    def post(self, path: str, body: Any, **more: Any) -> requests.Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(self.url + path, data=data, timeout=60, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=60, **more)

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples that have these labels."""
        total = 0.0
        for line in self.get("/monitoring/prometheus/metrics").text.splitlines():
            sample, _, value = line.rpartition(" ")
            found, _, given = sample.partition("{")
            if found == name and all(f'{key}="{text}"' in given for key, text in labels.items()):
                total += float(value)
        return total

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


def start_fails(command: list[str], flags: list[str]) -> str:
    """Run the program, which must end with an error, and return what it printed."""
    ended = subprocess.run([*command, *flags], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0, ended.stdout
    return ended.stdout + ended.stderr


_PORTS = itertools.cycle(random.sample(range(20_000, 32_000), 12_000))


def free_port() -> int:
    """Return a port that this process has not had yet, below those that the system gives to clients' connections."""
    for port in _PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("localhost", port)) != 0:
                return port
    raise AssertionError
