"""No set of requests takes more than twice the memory for requests, and what it took is given back."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attacks
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from program import Server

MOST_MIB = 512
"""Twice the default of `request_memory_in_mib`."""
LEFT_MIB = 64

ATTACKS: dict[str, Callable[[Server], None]] = {
    **{f"body_{name}": partial(attacks.bodies, name=name) for name in attacks.BODIES},
    **{f"zipped_{name}": partial(attacks.bodies, name=name, zipped=True) for name in ("zeros", "float32", "int64")},
    **{f"message_{name}": partial(attacks.messages, name=name) for name in attacks.MESSAGES},
    "stalled_bodies": attacks.stalled_bodies,
    "stalled_messages": attacks.stalled_messages,
    "slow_readers": attacks.slow_readers,
    "idle_connections": attacks.idle_connections,
    "streams": attacks.streams,
    "windows": attacks.windows,
    **{f"flood_{name}": partial(attacks.floods, name=name) for name in attacks.FLOODS},
    "everything": attacks.everything,
}
SHORT = ("body_lists_that_are_ignored", "body_int64", "zipped_zeros", "message_dimensions")


def mebibytes(server: Server, field: str) -> float:
    """Return a size of the process."""
    found = re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def is_well(server: Server) -> bool:
    row = {"instances": [[1] * 512]}
    answer: object = server.post(attacks.PATH, row).json()
    return answer == {"predictions": [[2.0]]}


@pytest.fixture
def server(command: list[str], models: Path, tmp_path: Path) -> Iterator[Server]:
    """Give a server whose address space is limited: an allocation that fails would end it."""
    from program import Server

    limited = ["bash", "-c", 'ulimit -v 1048576 && exec "$@"', "bash", *command]
    model = ["--model_name=attacked", f"--model_base_path={models / 'attacked'}", "--model_version=1"]
    with Server(limited, tmp_path, [*model, "--workers=2", "--io_threads=2"]) as server:
        server.wait_until(lambda: server.says("all copies compiled"))
        yield server


@pytest.mark.fault
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in SHORT else pytest.mark.slow) for name in ATTACKS]
)
def test_an_attack_takes_a_bounded_amount_of_memory(server: Server, name: str) -> None:
    assert is_well(server)
    before = mebibytes(server, "VmRSS")

    ATTACKS[name](server)

    server.wait_until(lambda: server.metric("model_server:request_memory_bytes") == 0, seconds=90)
    peak, address_space = mebibytes(server, "VmHWM"), mebibytes(server, "VmPeak")
    print(f"{name}: {before:.0f} MiB before, {peak:.0f} at most, of {address_space:.0f} of address space")
    assert peak < before + MOST_MIB
    server.wait_until(lambda: mebibytes(server, "VmRSS") < before + LEFT_MIB, seconds=60)
    assert is_well(server)
