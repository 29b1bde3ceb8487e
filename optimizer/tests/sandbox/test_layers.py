"""Restrictions of a leaf, with all layers and where a machine does not have some."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from sample_users import is_root
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.sandbox import ALLOW_ROOT, Sandbox, Zygote, layers
from tensorflow_optimizer.sandbox.user import USERS

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "not-for-models"
needs_root = pytest.mark.skipif(not is_root, reason="only root may start a process as another user, without network")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these layers")
ALL_ON = dict.fromkeys(layers.LAYERS, "on")


def ask(sandbox: Sandbox, expression: str, **options: Any) -> Any:
    with sandbox.leaf("sandbox_tasks:evaluate", **options) as leaf:
        return leaf.ask(f"result = {expression}").document


@needs_root
def test_root_has_every_layer(leaves: Sandbox, how: dict[str, Any]) -> None:
    with leaves.leaf("sandbox_tasks:evaluate", **how) as leaf:
        user = leaf.ask("result = [os.getuid(), os.getgid(), os.getgroups(), str(directory)]").document

    assert user[0] in USERS
    assert user[:3] == [user[0], user[0], []]
    assert leaf.layers == leaves.layers == ALL_ON


def test_no_model_makes_its_process_read_the_fonts_of_the_machine(leaves: Sandbox, how: dict[str, Any]) -> None:
    with pytest.raises(OptimizerError, match="import of matplotlib halted"):
        ask(leaves, "__import__('matplotlib')", **how)


@needs_root
def test_several_leaves_and_jobs_have_several_users(bare: Zygote, place: Path) -> None:
    with Sandbox(place, zygote=bare) as one, Sandbox(place, zygote=bare) as two:
        running = [box.leaf("sandbox_tasks:evaluate") for box in (one, one, two)]
        users = [leaf.ask("result = os.getuid()").document for leaf in running]
        reached = running[2].ask(f"result = os.listdir({str(running[0].directory)!r})").document
        own = running[0].ask("result = os.listdir(directory)").document

        assert len(set(users)) == 3
        assert (reached, own) == ("PermissionError", [])
        running[0].close()
        again = one.leaf("sandbox_tasks:evaluate").ask("result = os.getuid()").document
        assert again not in users[1:]


@needs_root
def test_a_user_with_a_process_is_nobody_elses(bare: Zygote, place: Path) -> None:
    with subprocess.Popen(["sleep", "60"], user=USERS.start, group=USERS.start, extra_groups=[]) as foreign:
        with Sandbox(place, zygote=bare) as sandbox:
            assert ask(sandbox, "os.getuid()") != USERS.start
        assert foreign.poll() is None  # what ends all processes of a leaf's user leaves this one alone
        foreign.kill()


def test_each_layer_is_on_or_says_why_it_is_off(leaves_of_same_user: Sandbox, how: dict[str, Any]) -> None:
    """Pytest's directories are closed to other users, as homes are."""
    assert ask(leaves_of_same_user, "os.getuid()", **how) == os.getuid()

    states = leaves_of_same_user.layers
    assert states.keys() == set(layers.LAYERS)
    expected = "other users cannot read /" if is_root else "only root can start it as another user"
    assert states["user"].startswith(f"off: {expected}")
    if sys.platform == "linux":
        assert {state for name, state in states.items() if name != "user"} == {"on"}


def test_a_machine_without_linux_says_what_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(layers.linux, "is_linux", lambda: False)
    wished = layers.Wished(tmp_path, [], user=None, why_same_user="only root can", loopback=False)

    assert layers.take(wished) == {
        "environment": "on",
        "network": "off: only Linux has it",
        "files": "off: only Linux has it",
        "system calls": "off: only Linux has it",
        "user": "off: only root can",
        "capabilities": "off: only Linux has it",
        "processes": "off: only Linux tells a parent of all processes",
    }


@needs_root
@pytest.mark.parametrize("where", ["the leaves", "the model", "a file of the model"])
def test_root_refuses_what_would_run_as_root(
    bare: Zygote, place: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ALLOW_ROOT, raising=False)
    (place / "closed" / "model").mkdir(parents=True)
    (place / "closed" / "model" / "saved_model.pb").touch()
    closed = place / "closed" / "model" / "saved_model.pb" if where == "a file of the model" else place / "closed"
    closed.chmod(0o600 if where == "a file of the model" else 0o700)
    directory = place / "closed" if where == "the leaves" else place

    with Sandbox(directory, zygote=bare) as sandbox:
        read = [] if where == "the leaves" else [place / "closed" / "model"]
        with pytest.raises(
            OptimizerError, match=rf"the model would run as root \(user off: other users cannot read {closed}\)"
        ):
            sandbox.leaf("sandbox_tasks:evaluate", read=read)
        assert not list(directory.glob("optimizer-leaves-*/*"))

    monkeypatch.setenv(ALLOW_ROOT, "1")
    with Sandbox(directory, zygote=bare) as sandbox:
        status = ask(
            sandbox, "[line.split() for line in open('/proc/self/status') if line.startswith('Cap')]", read=read
        )
        assert {int(value, 16) for _, value in status} == {0}
        assert ask(sandbox, f"os.listdir({str(place)!r})", read=read) == "PermissionError"


@needs_root
def test_root_that_may_not_change_its_user_refuses(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse the change of user, as a container without the capability does."""
    (place / "code").mkdir()
    (place / "code" / "sitecustomize.py").write_text(
        "import os\ndef refuse(_): raise PermissionError(1, 'Operation not permitted')\nos.setgroups = refuse\n"
    )
    monkeypatch.syspath_prepend(str(place / "code"))
    refused = r"would run as root \(user off: \[Errno 1\] Operation not permitted\)"
    with (
        Zygote(()) as zygote,
        Sandbox(place, zygote=zygote, allow_root=False) as careful,
        Sandbox(place, zygote=zygote, allow_root=True) as sandbox,
    ):
        with pytest.raises(OptimizerError, match=refused):
            careful.leaf("sandbox_tasks:echo").ask()
        assert ask(sandbox, "(directory / 'own').write_text('x')") == 1
        assert sandbox.layers == {**ALL_ON, "user": "off: [Errno 1] Operation not permitted"}


@needs_root
def test_root_that_may_not_give_files_away_refuses(bare: Zygote, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    with Sandbox(place, zygote=bare, allow_root=False) as sandbox:
        with monkeypatch.context() as patched:
            patched.setattr(os, "chown", refuse)
            with pytest.raises(OptimizerError, match=r"user off: \[Errno 1\] Operation not permitted\)"):
                sandbox.leaf("sandbox_tasks:echo")
        assert ask(sandbox, "os.getuid()") in USERS


def test_a_leaf_has_no_credentials_in_its_environment(
    place: Path, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GITHUB_TOKEN", "HOME"):
        monkeypatch.setenv(name, SECRET)
    with Zygote(()) as zygote, Sandbox(place, zygote=zygote, allow_root=True) as sandbox:
        found = ask(sandbox, "dict(os.environ)", **how)

    assert SECRET not in found.values()
    assert found["HOME"] == found["TMPDIR"]


REACHED = {
    "the environment of the parent": "open(f'/proc/{os.getppid()}/environ').read()",
    "the command line of the parent": "open(f'/proc/{os.getppid()}/cmdline').read()",
    "the processes": "os.listdir('/proc')",
    "the first process": "open('/proc/1/status').read()",
    "a file that all users may read": "open(PLACE + '/public').read()",
    "a file of another user": "open(PLACE + '/private').read()",
    "another directory": "open(PLACE + '/planted', 'w').write('x')",
    "another directory, by a rename": "(directory / 'x').touch() or os.rename(directory / 'x', PLACE + '/planted')",
    "a link to a file": "os.symlink(PLACE + '/private', 'link') or open('link').read()",
    "the passwords": "open('/etc/shadow').read()",
    "shared memory": "open('/dev/shm/planted', 'w').write('x')",
    "the terminal": "open('/dev/tty')",
    "the machine's disks": "os.listdir('/dev')",
    "the parent, by a signal": "os.kill(os.getppid(), 0)",
    "the judge, by a signal": "os.kill(JUDGE, 0)",
    "its priority with the kernel": "open('/proc/self/oom_score_adj', 'w').write('0')",
}


@needs_linux
@pytest.mark.parametrize("kind", ["leaves", "leaves_of_same_user"])
@pytest.mark.parametrize("name", REACHED)
def test_what_is_outside_cannot_be_reached(name: str, kind: str, place: Path, request: pytest.FixtureRequest) -> None:
    sandbox: Sandbox = request.getfixturevalue(kind)
    for file in ("private", "public"):
        (place / file).write_text(SECRET)
    (place / "private").chmod(0o600)
    known = f"PLACE, JUDGE = {str(place)!r}, {os.getpid()}\nresult = {REACHED[name]}"
    with sandbox.leaf("sandbox_tasks:evaluate") as leaf:
        assert leaf.ask(known).document == "PermissionError"
    assert not (place / "planted").exists()


INSIDE = {
    "its own directory": "(directory / 'x').write_text('1')",
    "a rename in its directory": "(directory / 'a').mkdir() or (directory / 'y').touch() or os.rename('y', 'a/y') or 1",
    "a link in its directory": "os.symlink('x', 'z') or 1",
    "a program of its directory": "shutil_copy() and run_program(str(directory / 'true')) == '' and 1",
    "a program of the system": "run_program('cat', '/proc/cpuinfo') != '' and 1",
    "the processors": "'processor' in open('/proc/cpuinfo').read() and 1",
    "the memory": "'MemTotal' in open('/proc/meminfo').read() and 1",
    "itself": "'VmHWM' in open('/proc/self/status').read() and 1",
    "its threads": "len(os.listdir('/proc/self/task'))",
    "the settings of the kernel": "int(open('/proc/sys/vm/overcommit_memory').read()) >= 0 and 1",
    "randomness": "len(open('/dev/urandom', 'rb').read(1))",
    "what it was given": "len(open(PLACE + '/given/file').read())",
    "what a link of the given leads to": "len(open(PLACE + '/given/link').read())",
}


@pytest.mark.parametrize("kind", ["leaves", "leaves_of_same_user"])
@pytest.mark.parametrize("name", INSIDE)
def test_what_a_model_needs_can_be_reached(name: str, kind: str, place: Path, request: pytest.FixtureRequest) -> None:
    sandbox: Sandbox = request.getfixturevalue(kind)
    (place / "given").mkdir()
    (place / "given" / "file").write_text("x")
    (place / "blob").write_text("x")
    (place / "given" / "link").symlink_to(place / "blob")  # as the cache of a hub has it
    (place / "given" / "dangling").symlink_to(place / "nowhere")
    known = f"""
import shutil
PLACE = {str(place)!r}
shutil_copy = lambda: shutil.copy(shutil.which('true'), directory / 'true')
result = {INSIDE[name]}
"""
    with sandbox.leaf("sandbox_tasks:evaluate", read=[place / "given"]) as leaf:
        assert leaf.ask(known).document == 1


@needs_linux
@pytest.mark.parametrize("target", ["/etc/hostname", "far", ".hidden/file"])
def test_a_link_of_a_model_to_files_elsewhere_is_not_followed(leaves: Sandbox, place: Path, target: str) -> None:
    given, elsewhere = place / "a" / "b" / "c", place / target
    given.mkdir(parents=True)
    if not target.startswith("/"):
        elsewhere = place / target if target == "far" else given.parent / target
        elsewhere.parent.mkdir(exist_ok=True)
        elsewhere.write_text(SECRET)
    (given / "link").symlink_to(elsewhere)
    (given / "file").touch()
    with leaves.leaf("sandbox_tasks:evaluate", read=[given]) as leaf:
        assert leaf.ask(f"result = open({str(given / 'file')!r}).read()").document == ""
        assert leaf.ask(f"result = open({str(given / 'link')!r}).read()").document == "PermissionError"


@needs_linux
@pytest.mark.parametrize("kind", ["leaves", "leaves_of_same_user"])
def test_a_leaf_without_a_server_has_no_sockets(kind: str, request: pytest.FixtureRequest) -> None:
    sandbox: Sandbox = request.getfixturevalue(kind)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert ask(sandbox, f"socket.create_connection(('127.0.0.1', {port}))") == "PermissionError"


@needs_root
def test_a_leaf_with_a_server_has_a_network_of_its_own(leaves: Sandbox) -> None:
    own = "[s := socket.create_server(('127.0.0.1', 0)), socket.create_connection(s.getsockname()).getpeername()[0]][1]"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        other = f"socket.create_connection(('127.0.0.1', {port}))"
        assert ask(leaves, other, loopback=True) == "ConnectionRefusedError"
    assert ask(leaves, own, loopback=True) == "127.0.0.1"
    assert ask(leaves, "len(socket.if_nameindex())", loopback=True) == 1


@needs_root
def test_a_leaf_that_cannot_leave_the_network_says_so_only_if_it_has_sockets(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refuse the change of namespaces, as a build without the capability does."""
    (place / "code").mkdir()
    (place / "code" / "sitecustomize.py").write_text(
        "import os\ndef refuse(_): raise PermissionError(1, 'Operation not permitted')\nos.unshare = refuse\n"
    )
    monkeypatch.syspath_prepend(str(place / "code"))
    with Zygote(()) as zygote, Sandbox(place, zygote=zygote) as sandbox:
        assert ask(sandbox, "1") == 1
        assert sandbox.layers == ALL_ON
        assert ask(sandbox, "1", loopback=True) == 1
        assert sandbox.layers == {**ALL_ON, "network": "off: [Errno 1] Operation not permitted"}


@needs_root
def test_a_directory_is_not_its_users_any_more_when_the_leaf_has_ended(leaves: Sandbox) -> None:
    """Another job may have that user then."""
    leaf = leaves.leaf("sandbox_tasks:echo")
    leaf.ask()
    assert leaf.directory.stat().st_uid in USERS

    leaf.end()

    found = leaf.directory.stat()
    assert (found.st_uid, found.st_mode & 0o777) == (0, 0o700)


@needs_linux
def test_the_kernel_takes_a_leaf_first_where_memory_runs_out(leaves: Sandbox) -> None:
    assert ask(leaves, "open('/proc/self/oom_score_adj').read()") == "1000\n"


def test_a_core_of_a_leaf_is_never_written(leaves: Sandbox) -> None:
    assert ask(leaves, "__import__('resource').getrlimit(4)") == [0, 0]
