"""System calls that no model needs, refused by seccomp."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

#: System calls by which a process reaches into others or the kernel, changes the machine, or leaves something in it.
REFUSED = [
    # other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "move_pages",
    "migrate_pages",
    # namespaces and mounts
    "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_tree", "move_mount", "mount_setattr",
    "fsopen", "fsmount", "fsconfig", "fspick", "swapon", "swapoff", "quotactl", "quotactl_fd",
    # the kernel
    "bpf", "perf_event_open", "add_key", "request_key", "keyctl", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
    "syslog", "acct", "fanotify_init", "iopl", "ioperm", "vhangup", "lookup_dcookie", "nfsservctl",
    # the machine's clock and name
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime", "sethostname", "setdomainname",
    # files by another way than their names, links to the files of others, devices and pipes in a directory
    "open_by_handle_at", "name_to_handle_at", "link", "linkat", "mknod", "mknodat",
    # memory and messages that outlive their process, or that no directory and no process has
    "shmget", "shmat", "semget", "msgget", "mq_open", "memfd_secret",
]  # fmt: skip
#: The set-user-ID and set-group-ID bits, by which a file runs as its owner. The position of the mode in each call.
_MODES = {
    "chmod": 1,
    "fchmod": 1,
    "fchmodat": 2,
    "fchmodat2": 2,
    "open": 2,
    "openat": 3,
    "creat": 1,
    "mkdir": 1,
    "mkdirat": 2,
}
_SET_ID_BITS = (0o4000, 0o2000)
_CLONE_NEWUSER = 0x10000000
_INT = 0xFFFFFFFF
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
#: A pair can only be connected to itself; one of datagrams could be connected to the socket of another process.
_STREAM, _SEQUENCED = 1, 5
_TYPE = 0xF
#: Option of prctl by which a process hides its open files from its own user, who measures them.
_PR_SET_DUMPABLE = 4
#: Requests to a terminal, which would type into it.
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
#: Numbers of calls that some versions of libseccomp do not know; the same on every processor.
_NUMBERS = {"fchmodat2": 452, "open_tree_attr": 467, "setxattrat": 463}


def refuse(*, server: bool) -> None:
    """Refuse system calls for good.

    Args:
        server: Whether the process tries a server. It then may open sockets of the Internet protocols, and of routing,
            which lists addresses, and files in memory, by which the models of the native program share their weights.
            UNIX sockets, by which it would reach the services of the machine and of other users, are refused always.
    """
    import pyseccomp

    calls = _Filter(pyseccomp)
    for name in REFUSED:
        calls.refuse(name)
    if not server:
        calls.refuse("memfd_create")
    for name, position in _MODES.items():
        for bit in _SET_ID_BITS:
            calls.refuse(name, (position, pyseccomp.MASKED_EQ, bit, bit))
    calls.refuse("clone", (0, pyseccomp.MASKED_EQ, _CLONE_NEWUSER, _CLONE_NEWUSER))
    calls.refuse("prlimit64", (0, pyseccomp.NE, 0))
    calls.refuse("prctl", (0, pyseccomp.MASKED_EQ, _INT, _PR_SET_DUMPABLE))
    for request in (_TIOCSTI, _TIOCLINUX):
        calls.refuse("ioctl", (1, pyseccomp.MASKED_EQ, _INT, request))
    allowed = (_AF_INET, _AF_INET6, _AF_NETLINK) if server else ()
    calls.refuse_other("socket", 0, allowed, _INT, 64)
    calls.refuse_other("socketpair", 0, (_AF_UNIX,), _INT, 64)
    calls.refuse_other("socketpair", 1, (_STREAM, _SEQUENCED), _TYPE, _TYPE + 1)
    # Their arguments are in memory, where a filter cannot see them. Libraries then use clone and openat.
    for name in ("clone3", "openat2"):
        calls.refuse(name, number=errno.ENOSYS)
    calls.load()


class _Filter:
    def __init__(self, pyseccomp: Any) -> None:
        self._pyseccomp = pyseccomp
        self._calls = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)

    def refuse(self, name: str, *conditions: tuple[int, ...], number: int = errno.EPERM) -> None:
        """Refuse a call, or what of it fulfils all conditions; each has the argument's position, and an operation."""
        arguments = [self._pyseccomp.Arg(*condition) for condition in conditions]
        try:
            self._calls.add_rule(self._pyseccomp.ERRNO(number), name, *arguments)
        except OSError:
            if name not in _NUMBERS:
                raise
            self._calls.add_rule(self._pyseccomp.ERRNO(number), _NUMBERS[name], *arguments)

    def refuse_other(self, name: str, position: int, allowed: Sequence[int], mask: int, end: int) -> None:
        """Refuse a call unless an argument has one of the values.

        A filter compares an argument with one value at a time. So each value below `end` has its rule, and all others
        together one for each bit above.
        """
        equal = self._pyseccomp.MASKED_EQ
        for value in set(range(end)) - set(allowed):
            self.refuse(name, (position, equal, mask, value))
        bit = end
        while bit & mask:
            self.refuse(name, (position, equal, bit, bit))
            bit <<= 1

    def load(self) -> None:
        self._calls.load()
