"""Restricts a process and its children for good: the network, files and system calls."""

from __future__ import annotations

import errno
import os
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Programs, libraries and devices of the system. Other users' files there are closed by their modes.
_SYSTEM = ["/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/nix", "/proc", "/sys"]
_DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"]
#: By which a process reaches into others, or into the kernel, and which no model needs.
_REFUSED = [
    "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "mount", "umount2", "pivot_root", "chroot", "unshare",
    "setns", "bpf", "perf_event_open", "add_key", "request_key", "keyctl", "userfaultfd", "io_uring_setup",
    "open_by_handle_at", "init_module", "finit_module", "delete_module", "kexec_load", "reboot", "swapon", "swapoff",
    "open_tree", "move_mount", "fsopen", "fsmount", "pidfd_getfd",
]  # fmt: skip
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_CLONE_NEWUSER = 0x10000000


def without_network() -> None:
    """Leave the network, and keep a loopback interface, by which a server is tried."""
    os.unshare(os.CLONE_NEWNET)
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def restrict_files(read: Iterable[Path | str], write: Iterable[Path]) -> None:
    """Keep access to the system's own files and to the given ones, by Landlock.

    Args:
        read: Files and directories to read, with the programs in them.
        write: Directories to read and change.
    """
    from py_landlock import AccessFs, Landlock

    landlock = Landlock(strict=False).allow_all_network()
    file_access = AccessFs.READ_FILE | AccessFs.EXECUTE
    for path in filter(Path.exists, map(Path, [*_SYSTEM, *read])):
        landlock.add_path_rule(path, access=file_access | AccessFs.READ_DIR if path.is_dir() else file_access)
    for path in write:
        landlock.allow_read_write(path).add_path_rule(path, access=AccessFs.REFER | AccessFs.EXECUTE)
    for path in filter(Path.exists, map(Path, _DEVICES)):
        landlock.add_path_rule(path, access=AccessFs.READ_FILE | AccessFs.WRITE_FILE)
    landlock.apply()


def refuse_system_calls() -> None:
    """Refuse system calls that no model needs, by seccomp."""
    import pyseccomp

    calls = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    for name in _REFUSED:
        calls.add_rule(pyseccomp.ERRNO(errno.EPERM), name)
    user_namespace = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, _CLONE_NEWUSER, _CLONE_NEWUSER)
    calls.add_rule(pyseccomp.ERRNO(errno.EPERM), "clone", user_namespace)
    # Its flags are in memory, where a filter cannot see them. The C library then uses clone.
    calls.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    calls.load()
