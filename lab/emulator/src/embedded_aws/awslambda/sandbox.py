"""Gives a command the file system of a Lambda function, then becomes that command.

Run as a separate script with the standard library alone, because it changes the namespaces of its process:
`python -I -S sandbox.py '<JSON>'`. The root shows the host's file system read-only, and on top of it the directories
of the specification (`/opt`, `/var/task`, ...) and a private, writable `/tmp`, as on AWS. Nothing on the host changes,
so it works for root and, through a user namespace, for any user.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_MS_BIND, _MS_REC, _MS_PRIVATE, _MS_NOSUID, _MS_NODEV = 4096, 16384, 1 << 18, 2, 4
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = -100, 0x8000, 1
_SYS_MOUNT_SETATTR = 442  # the same number on every architecture
_PR_SET_NO_NEW_PRIVS = 38
_TMP = "/tmp"  # noqa: S108 - the only place where a function may write
_OWN = {"opt", "tmp", "var"}  # directories of the root that are rebuilt and not taken from the host

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None), f"mount {target}")


def _bind(source: str, target: str) -> None:
    _mount(source, target, "", _MS_BIND | _MS_REC)


def _make_read_only(path: str) -> None:
    """Makes a mount and all below it read-only, in this namespace only."""
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY, 0, 0, 0)
    result = _libc.syscall(
        _SYS_MOUNT_SETATTR, _AT_FDCWD, path.encode(), _AT_RECURSIVE, attributes, ctypes.sizeof(attributes)
    )
    _check(result, f"mount_setattr {path} (Linux {platform.release()}; 5.12 or newer is needed)")


def _enter_namespaces() -> None:
    """A mount namespace: directly where the process may, else inside a user namespace that maps only this user."""
    user, group = os.getuid(), os.getgid()
    if user == 0 and _libc.unshare(_CLONE_NEWNS) == 0:
        return
    _check(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS), "unshare")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def _show(source: str, target: str) -> None:
    """Shows one entry of the host at the same place below the new root."""
    if Path(source).is_symlink():
        Path(target).symlink_to(os.readlink(source))  # noqa: PTH115 - the text of the link, unresolved
        return
    if Path(source).is_dir():
        Path(target).mkdir()
    else:
        Path(target).touch()
    try:
        _bind(source, target)
    except OSError:
        # An entry that this user may not even mount (a stale network directory, say) is not shown.
        return


def _show_host(root: str) -> None:
    for name in sorted(os.listdir("/")):  # noqa: PTH208 - names, not paths
        if name not in _OWN:
            _show(f"/{name}", f"{root}/{name}")
    Path(f"{root}/var").mkdir()
    for name in sorted(os.listdir("/var")):  # noqa: PTH208 - names are enough
        if name not in {"task", "runtime", "lang"}:
            _show(f"/var/{name}", f"{root}/var/{name}")


def _build_root(specification: dict[str, Any]) -> None:
    root = specification["root"]
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV)
    _show_host(root)
    for directory in ("opt", "tmp", "var/task", "var/runtime", "var/lang/bin"):
        Path(f"{root}/{directory}").mkdir(parents=True, exist_ok=True)
    for source, target in specification["binds"]:
        Path(f"{root}{target}").mkdir(parents=True, exist_ok=True)
        _bind(source, f"{root}{target}")
    for target, source in specification["links"].items():
        Path(f"{root}{target}").symlink_to(source)
    for directory in specification["hidden"]:
        _mount("tmpfs", root + directory, "tmpfs", _MS_NOSUID | _MS_NODEV)

    # Required paths below /tmp on the host, such as an interpreter, stay visible below the private /tmp.
    private = specification["tmp"]
    kept = [path for path in specification["keep"] if Path(path).is_relative_to(_TMP)]
    for path in kept:
        (Path(private) / Path(path).relative_to(_TMP)).mkdir(parents=True, exist_ok=True)
    _make_read_only(root)
    _bind(private, root + _TMP)
    for path in kept:
        _bind(path, root + path)
        _make_read_only(root + path)


def main() -> None:
    """Builds the root that the first argument describes and executes its command there."""
    specification = json.loads(sys.argv[1])
    try:
        _enter_namespaces()
        _build_root(specification)
        os.chroot(specification["root"])
        os.chdir(specification["cwd"])
        _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    except OSError as error:
        sys.exit(f"{error.strerror}")
    command = specification["command"]
    os.execv(command[0], command)  # noqa: S606 - the function's interpreter


if __name__ == "__main__":
    main()
