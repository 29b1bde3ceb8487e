"""Each refused system call, beside the same call of the same user without the filter."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
from sample_users import is_root
from tensorflow_optimizer.sandbox.system_calls import REFUSED

pyseccomp = pytest.importorskip("pyseccomp", reason="only Linux has seccomp")
needs_root = pytest.mark.skipif(
    not is_root, reason="the kernel refuses these to others before it looks at the arguments"
)

#: Arguments with which a call does nothing, even for root, and says what is wrong with them; by default all are -1.
HARMLESS = {
    "msgget": [1, 0],
    "semget": [1, 0, 0],
    "shmget": [1, 0, 0],
    "unshare": [0],
    "vhangup": [],
    "process_madvise": [-1, 0, 0, 0, 0],
}
PROBE = """
import ctypes, json, os, sys
calls, server = json.loads(sys.argv[1]), sys.argv[3] == "server"
if sys.argv[2] == "filtered":
    from tensorflow_optimizer.sandbox.system_calls import refuse
    refuse(server=server)
os.setsid()
libc, found = ctypes.CDLL(None, use_errno=True), []
libc.syscall.restype = ctypes.c_long
for number, arguments in calls:
    ctypes.set_errno(0)
    done = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(argument) for argument in arguments))
    found.append(ctypes.get_errno() if done < 0 else 0)
print(json.dumps(found))
"""


def errors(calls: list[Any], kind: str, server: str = "no server") -> list[int]:
    """Make system calls, each with its number and its arguments; return the error of each, 0 where there is none."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{PROBE}", json.dumps(calls), kind, server],
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[int] = json.loads(done.stdout)
    return found


def number(name: str) -> int:
    found: int = pyseccomp.resolve_syscall(pyseccomp.system_arch(), name)
    return found


#: Refused calls that this processor has.
KNOWN = [name for name in REFUSED if number(name) >= 0]


@cache
def results(kind: str) -> dict[str, int]:
    """Return the errors of all calls of this module, by their name and their arguments."""
    calls = [(name, HARMLESS.get(name, [-1] * 6)) for name in KNOWN]
    calls += [(name, arguments) for name, arguments, *_ in (*BY_ARGUMENTS, *FREE, *INVISIBLE) if number(name) >= 0]
    found = errors([[number(name), arguments] for name, arguments in calls], kind)
    return {f"{name} {arguments}": result for (name, arguments), result in zip(calls, found, strict=True)}


@needs_root
@pytest.mark.parametrize("name", KNOWN)
def test_a_call_is_refused_by_the_filter_and_by_nothing_else(name: str) -> None:
    call = f"{name} {HARMLESS.get(name, [-1] * 6)}"

    assert results("free")[call] != errno.EPERM
    assert results("filtered")[call] == errno.EPERM


BY_ARGUMENTS: list[tuple[str, list[int], int | None]] = [
    # A namespace of its own user: the flags are wrong together, so that nothing is made.
    ("clone", [0x10000000 | 0x00000800, 0, 0, 0, 0], errno.EINVAL),
    ("prlimit64", [2**31 - 1, 7, 0, 0], errno.ESRCH),
    ("prctl", [4, 99, 0, 0, 0], errno.EINVAL),
    ("ioctl", [-1, 0x5412, 0], errno.EBADF),
    ("ioctl", [-1, 0x1_0000_5412, 0], errno.EBADF),
    ("ioctl", [-1, 0x541C, 0], errno.EBADF),
    ("chmod", [1, 0o4755], errno.EFAULT),
    ("chmod", [1, 0o2755], errno.EFAULT),
    ("fchmod", [-1, 0o4755], errno.EBADF),
    ("fchmodat", [-100, 1, 0o2755], errno.EFAULT),
    ("open", [1, 0o101, 0o4755], errno.EFAULT),
    ("openat", [-100, 1, 0o101, 0o4755], errno.EFAULT),
    ("creat", [1, 0o2755], errno.EFAULT),
    ("mkdir", [1, 0o2755], errno.EFAULT),
    ("mkdirat", [-100, 1, 0o2755], errno.EFAULT),
    ("memfd_create", [1, 0], errno.EFAULT),
    *(("socket", [family, 99, 0], None) for family in (0, 1, 3, 16, 17, 31, 38, 40, 44, 64, 2**32 + 1, -1)),
    *(("socketpair", [family, 99, 0, 0], None) for family in (2, 10, 16, 40)),
    *(("socketpair", [1, kind, 0, 1], None) for kind in (0, 2, 3, 4, 6, 2 | 0o2000000)),
]
#: Calls that stay allowed beside the refused ones.
FREE: list[tuple[str, list[int]]] = [
    ("clone", [0x00000800, 0, 0, 0, 0]),  # CLONE_SIGHAND without CLONE_VM
    ("prlimit64", [0, 99, 0, 0]),
    ("prctl", [15, 0, 0, 0, 0]),
    ("ioctl", [-1, 0x5401, 0]),
    ("fchmod", [-1, 0o755]),
    ("openat", [-100, 1, 0o101, 0o644]),
    ("mkdirat", [-100, 1, 0o755]),
    ("socketpair", [1, 1, 0, 1]),
    ("socketpair", [1, 5 | 0o2000000, 0, 1]),
    ("kill", [2**31 - 1, 0]),
]
INVISIBLE: list[tuple[str, list[int]]] = [("clone3", [1, 1, 1, 1]), ("openat2", [1, 1, 1, 1])]


@pytest.mark.parametrize(("name", "arguments", "free"), [case for case in BY_ARGUMENTS if number(case[0]) >= 0])
def test_a_call_is_refused_by_its_arguments(name: str, arguments: list[int], free: int | None) -> None:
    control = results("free")[f"{name} {arguments}"]

    assert control not in {errno.EPERM, 0}
    assert free in {None, control}
    assert results("filtered")[f"{name} {arguments}"] == errno.EPERM


@pytest.mark.parametrize(("name", "arguments"), FREE)
def test_another_call_is_as_free_as_before(name: str, arguments: list[int]) -> None:
    call = f"{name} {arguments}"

    assert results("filtered")[call] == results("free")[call] != errno.EPERM


@pytest.mark.parametrize(("name", "arguments"), INVISIBLE)
def test_a_call_whose_arguments_cannot_be_seen_is_not_there(name: str, arguments: list[int]) -> None:
    assert results("free")[f"{name} {arguments}"] != errno.ENOSYS
    assert results("filtered")[f"{name} {arguments}"] == errno.ENOSYS


def test_a_leaf_that_tries_a_server_has_the_internets_sockets_only() -> None:
    families = range(64)
    calls = [[number("socket"), [family, 99, 0]] for family in families]
    free, filtered = errors(calls, "free"), errors(calls, "filtered", "server")

    allowed = {family for family in families if filtered[family] != errno.EPERM}
    assert allowed == {2, 10, 16}
    assert all(filtered[family] == free[family] for family in allowed)
    assert errno.EPERM not in free
    assert errors([[number("memfd_create"), [1, 0]]], "filtered", "server") == [errno.EFAULT]
