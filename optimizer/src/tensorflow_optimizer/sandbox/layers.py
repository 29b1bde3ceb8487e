"""The layers that a leaf takes upon itself before it opens anything. Machines differ in what they allow."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import landlock, linux, network, system_calls, user

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ON = "on"
ENVIRONMENT, NETWORK, FILES, SYSTEM_CALLS, USER = "environment", "network", "files", "system calls", "user"
CAPABILITIES, PROCESSES = "capabilities", "processes"
#: Names of the layers, in the order of outcome.json.
LAYERS = (ENVIRONMENT, NETWORK, FILES, SYSTEM_CALLS, USER, CAPABILITIES, PROCESSES)


@dataclass(frozen=True)
class Wished:
    """Settings of a leaf's layers."""

    directory: Path
    """Directory that the leaf may change."""
    read: Sequence[Path]
    user: int | None
    """Number of the leaf's user; None: that of its parent."""
    why_same_user: str
    """Reason why the leaf keeps its parent's user; empty otherwise."""
    loopback: bool
    """True: the leaf may open sockets, to try a server."""


def take(wished: Wished) -> dict[str, str]:
    """Restrict this process for good.

    Returns:
        `on` for each layer, or `off` with the reason.
    """
    states = {ENVIRONMENT: ON, PROCESSES: ON if linux.is_linux() else "off: only Linux tells a parent of all processes"}
    states[NETWORK] = _state(network.leave)
    if linux.is_linux():
        _state(linux.close_bounding_set)
    number = wished.user
    states[USER] = f"off: {wished.why_same_user}" if number is None else _state(lambda: user.become(number))
    if number is not None and states[USER] != ON:
        with suppress(OSError):  # without capabilities, root cannot change the files of others
            os.chown(wished.directory, os.geteuid(), os.getegid())
    states[CAPABILITIES] = _state(linux.drop_capabilities)
    states[FILES] = _state(lambda: landlock.restrict(wished.read, [wished.directory], programs=wished.loopback))
    states[SYSTEM_CALLS] = _state(lambda: system_calls.refuse(server=wished.loopback))
    if states[SYSTEM_CALLS] == ON and not wished.loopback:
        states[NETWORK] = ON  # without sockets there is none
    return {name: states[name] for name in LAYERS}


def _state(layer: Callable[[], None]) -> str:
    if not linux.is_linux():
        return "off: only Linux has it"
    try:
        layer()
    except Exception as error:  # packages and kernels differ in how they say that they cannot
        return f"off: {error}"
    return ON
