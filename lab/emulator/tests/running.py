"""The embedded AWS as a process of its own, as everybody starts it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import answers
import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "lab" / "emulator" / "src"
PYTHON = ROOT / ".tools" / "emulator" / "bin" / "python"

sys.path.insert(0, str(SOURCE))


@dataclass
class Running:
    """A started embedded AWS.

    Attributes:
        process: of the command.
        endpoint: from its ready line.
        log: its log file.
    """

    process: subprocess.Popen[str]
    endpoint: str
    log: Path

    @property
    def port(self) -> int:
        return int(self.endpoint.rsplit(":", 1)[1])

    def client(self, service: str, **config: Any) -> Any:
        client = boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}, read_timeout=120, **config),
        )
        client.meta.events.register("after-call", answers.check)
        return client


def command(*arguments: str, interpreter: tuple[str, ...] = (str(PYTHON),)) -> list[str]:
    return [*interpreter, "-m", "embedded_aws", *arguments]


def environment(**extra: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCE), **extra}


@contextlib.contextmanager
def started(
    state: Path, *arguments: str, interpreter: tuple[str, ...] = (str(PYTHON),), **extra: str
) -> Iterator[Running]:
    """Starts it, waits for its ready line, and ends it."""
    log = state / "embedded-aws.log"
    process = subprocess.Popen(
        command(
            *("--port", "0", "--state", str(state), "--log", str(log), "--end-with-stdin"),
            *arguments,
            interpreter=interpreter,
        ),
        env=environment(**extra),
        stdin=subprocess.PIPE,  # closes with this process, even when a test's time limit kills it
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:"), f"{line!r}\n{log.read_text() if log.exists() else ''}"
        yield Running(process, line.split()[1], log)
    finally:
        process.terminate()
        process.wait(30)
        process.stdin.close()
        process.stdout.close()
