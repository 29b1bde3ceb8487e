"""The programs of a recommendation, and what a round of requests takes. Program and client have a processor each."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from arrivals import ACCEPTED, Seen, answer_to, ask_function, ask_server, until
from program import Server

from benchmark.running import processor_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PROCESSORS = sorted(os.sched_getaffinity(0))
#: Far more than wait at half load, and no more than the server lets wait.
CONNECTIONS = 128
JSON = "Content-Type: application/json\r\nContent-Length: "
EVENT = f"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: replayed\r\n{JSON}"
REQUEST = f"POST /v1/models/digits:predict HTTP/1.1\r\nHost: localhost\r\n{JSON}"


@dataclass(frozen=True)
class Replay:
    """A program that runs, and how it is asked."""

    process: int
    ask: Callable[[Sequence[float]], Seen]

    def round(self, arrivals: Sequence[float]) -> dict[str, float]:
        """Send a request at each of the times, in seconds, and return the figures by the names of a recommendation.

        `others` is the share of all processors' time that other programs took, or other virtual machines.
        """
        gc.collect()
        gc.disable()
        all_before, own_before, before = _all_seconds(), time.process_time(), processor_seconds(self.process)
        try:
            seen = self.ask(arrivals)
        finally:
            gc.enable()
        computed = processor_seconds(self.process) - before
        others = _all_seconds() - all_before - computed - (time.process_time() - own_before)
        return {
            "processorMilliseconds": computed / len(arrivals) * 1000,
            # Little's law.
            "concurrency": sum(seen.busy) / seen.duration,
            "p99": statistics.quantiles(seen.answered, n=100)[-1] * 1000,
            "others": max(others, 0) / seen.duration / (os.cpu_count() or 1),
        }


@contextlib.contextmanager
def pod(command: list[str], models: Path, workers: int, body: bytes, directory: Path) -> Iterator[Replay]:
    """Give model_server as a pod runs it."""
    flags = ["--model_name=digits", f"--model_base_path={models}", "--model_version=1", f"--workers={workers}"]
    with _on_own_processor():
        server = Server(command, directory, flags)
    with server, contextlib.ExitStack() as stack:
        address = "127.0.0.1", server.rest_port
        connections = [stack.enter_context(socket.create_connection(address)) for _ in range(CONNECTIONS)]
        request = f"{REQUEST}{len(body)}\r\n\r\n".encode() + body
        [answer] = {answer_to(connection, request) for connection in connections}
        yield Replay(server.process.pid, lambda arrivals: ask_server(connections, request, answer, arrivals))


@contextlib.contextmanager
def function(program: Path, environment: dict[str, str], body: bytes) -> Iterator[Replay]:
    """Give the function behind a Runtime API of our own, with the log that it has by default."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)
        variables = {
            **environment,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{listening.getsockname()[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "digits",
            "METRIC_NAMESPACE": "CdkTensorFlow",
        }
        with _on_own_processor():
            process = subprocess.Popen([program], env=variables, stdout=subprocess.DEVNULL)
        try:
            with listening.accept()[0] as connection:
                until(connection, b"\r\n\r\n")
                event = f"{EVENT}{len(body)}\r\n\r\n".encode() + body
                answer = answer_to(connection, event)
                connection.sendall(ACCEPTED)
                until(connection, b"\r\n\r\n")
                yield Replay(process.pid, lambda arrivals: ask_function(connection, event, answer, arrivals))
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _on_own_processor() -> Iterator[None]:
    """Start programs on the first processor, and leave the second to this process."""
    os.sched_setaffinity(0, {PROCESSORS[0]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, {PROCESSORS[1]})


def _all_seconds() -> float:
    """Return the time that all processors did not idle, with what the hypervisor gave to other machines."""
    user, nice, system, _, _, *more = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9])
    return (user + nice + system + sum(more)) / os.sysconf("SC_CLK_TCK")
