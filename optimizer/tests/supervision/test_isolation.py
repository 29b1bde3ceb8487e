"""Isolation of the job's process, in which a model is a program."""

from __future__ import annotations

import json
import os
import py_compile
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sample_jobs import STRIP, job_data
from tensorflow_optimizer.documents.draft import read_draft
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.manifest import Runtime
from tensorflow_optimizer.documents.outcome import Outcome
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.pipeline import Paths, run
from tensorflow_optimizer.processes.environment import for_child
from tensorflow_optimizer.proof.native_program import find_program
from tensorflow_optimizer.supervision import supervise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sample_models import SampleModels

LAYERS = {"environment", "files", "network", "system calls", "user"}
SECRET = "not-for-models"
is_root = sys.platform == "linux" and os.geteuid() == 0
needs_root = pytest.mark.skipif(not is_root, reason="only root may start a process as another user, without network")

#: Becomes a probe where the optimizer would become its worker.
LAUNCH = """
import json, os, sys
from tensorflow_optimizer.supervision.arguments import read_arguments
from tensorflow_optimizer.supervision.isolate import isolate
layers, python, environment = isolate(read_arguments(sys.argv[2:]))
os.execve(python, [python, "-c", sys.argv[1], json.dumps(layers), *sys.argv[2:]], environment)
"""
PROBE = """
import ctypes, json, os, socket, sys
layers, tried = json.loads(sys.argv[1]), {}
def attempt(name, work):
    try:
        tried[name] = str(work())
    except OSError as error:
        tried[name] = type(error).__name__
def read(path):
    with open(path) as file:
        return file.read()
def call(number):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, 0, 0, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return "done"
place = os.path.dirname(sys.argv[2])
attempt("the parent's environment", lambda: read(f"/proc/{os.getppid()}/environ"))
attempt("a file of another user", lambda: read(f"{place}/private"))
attempt("a file that all users may read", lambda: read(f"{place}/public"))
attempt("another directory", lambda: open(f"{place}/planted", "w").write("x"))
attempt("the network", lambda: socket.create_connection(("127.0.0.1", int(read(sys.argv[3]))), timeout=5))
attempt("unshare", lambda: os.unshare(os.CLONE_NEWUSER))
attempt("its own output", lambda: open(f"{sys.argv[4]}/made", "w").write("x"))
attempt("its own scratch", lambda: open(f"{sys.argv[5]}/made", "w").write("x"))
json.dump({"layers": layers, "environment": dict(os.environ), "user": os.getuid(), "tried": tried}, sys.stdout)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """Yield a directory that other users can read, as that of a build is; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        path.chmod(0o755)
        yield path


def probe(place: Path, python: str = sys.executable, before: str = "") -> Any:
    """Isolate a process in a directory, and return what it could do; `before` runs in it first."""
    for name in ("out", "work", "program"):
        (place / name).mkdir()
    (place / "private").write_text(SECRET)
    (place / "private").chmod(0o600)
    (place / "public").write_text(SECRET)
    (place / "job.json").write_text("{}")
    layers = place / "program" / "layers.json"
    with socket.create_server(("127.0.0.1", 0)) as server:
        (place / "model").write_text(str(server.getsockname()[1]))
        arguments = [*(str(place / name) for name in ("job.json", "model", "out", "work")), "--layers", str(layers)]
        done = subprocess.run(
            [python, "-c", before + LAUNCH, PROBE, *arguments],
            env={
                **for_child(),
                "PYTHONPATH": os.pathsep.join(sys.path),
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_SESSION_TOKEN": SECRET,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_root
def test_root_has_every_layer(place: Path) -> None:
    found = probe(place)

    assert found["layers"] == dict.fromkeys(LAYERS, "on")
    assert found["user"] != 0
    assert SECRET not in json.dumps(found["environment"])
    assert found["tried"] == {
        "the parent's environment": "PermissionError",
        "a file of another user": "PermissionError",
        "a file that all users may read": "PermissionError",
        "another directory": "PermissionError",
        "the network": "ConnectionRefusedError",
        "unshare": "PermissionError",
        "its own output": "1",
        "its own scratch": "1",
    }


def test_each_layer_is_on_or_says_why_it_is_off(tmp_path: Path) -> None:
    """Pytest's directories are closed to other users, as homes are."""
    layers = probe(tmp_path)["layers"]

    assert layers.keys() == LAYERS
    assert layers["environment"] == "on"
    if is_root:
        assert layers["user"].startswith("off: other users cannot read /")
        assert {state for name, state in layers.items() if name != "user"} == {"on"}
    else:
        assert layers["user"] == "off: only root can start it as another user"
        assert layers["network"].startswith("off: ")


@needs_root
def test_root_that_may_not_change_its_user_goes_on_with_the_other_layers(place: Path) -> None:
    """As in a container without the capability."""
    refusal = """
import os
def refuse(_): raise PermissionError(1, "Operation not permitted")
os.setgroups = refuse
"""
    found = probe(place, before=refusal)

    assert found["layers"] == {**dict.fromkeys(LAYERS, "on"), "user": "off: [Errno 1] Operation not permitted"}
    assert found["user"] == 0
    assert found["tried"]["a file that all users may read"] == "PermissionError"
    assert found["tried"]["its own output"] == "1"


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("mode", [pytest.param(0o755, marks=needs_root), 0o700], ids=["another user", "the same user"])
def test_the_processes_of_a_job_compile_once_what_has_no_bytecode(place: Path, mode: int, *, compiled: bool) -> None:
    """They may not write beside the packages."""
    place.chmod(mode)
    package = place / "packages" / "tensorflow"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    if compiled:
        py_compile.compile(str(package / "__init__.py"))

    found = probe(place, before=f"import sys\nsys.path.insert(0, {str(package.parent)!r})\n")

    files, user = found["layers"]["files"] == "on", found["layers"]["user"] == "on"
    assert files or not is_root
    assert user == (mode == 0o755)
    expected = str(place / "work" / "bytecode") if files and not compiled else None
    assert found["environment"].get("PYTHONPYCACHEPREFIX") == expected


def test_an_interpreter_made_of_links_starts_without_another_user(tmp_path: Path) -> None:
    """As the one of a build of the embedded AWS is."""
    original, version = Path(sys.executable).resolve(), f"python{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / "linked" / "bin").mkdir(parents=True)
    (tmp_path / "linked" / "lib").mkdir()
    python = shutil.copy2(original, tmp_path / "linked" / "bin" / version)
    for path in (original.parents[1] / "lib").glob("*python*"):
        (tmp_path / "linked" / "lib" / path.name).symlink_to(path)

    assert probe(tmp_path, str(python))["layers"]["environment"] == "on"


@pytest.mark.own_process
@needs_root
def test_a_whole_job_needs_nothing_that_is_taken_away(place: Path, models: SampleModels) -> None:
    """The native program and the function's own code answer as they do outside."""
    shutil.copytree(models.dense, place / "model")
    (place / "model" / "saved_model.pb").rename(place / "blob")
    (place / "model" / "saved_model.pb").symlink_to(place / "blob")  # as the cache of a hub has it
    (place / "model" / "dangling").symlink_to(place / "nowhere")
    (place / "job.json").write_text(json.dumps(job_data()))

    outcome = supervise.supervise(place / "job.json", place / "model", None, place / "out")

    assert outcome.exit_code is ExitCode.DONE, outcome.sentence
    assert outcome.isolation == dict.fromkeys(LAYERS, "on")
    draft = read_draft(place / "out")
    native = find_program() is not None
    assert draft.requirements.runtime is (Runtime.NATIVE if native else Runtime.NUMPY), draft.requirements
    assert {path.stat().st_uid for path in (place / "out").rglob("*")} == {0}


def hostile_model(place: Path, secret: Path) -> Path:
    """Save a model whose answer contains the content of a file."""
    import tensorflow as tf

    class Hostile(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
        def __call__(self, x: Any) -> Any:
            stolen = tf.cast(tf.io.decode_raw(tf.io.read_file(str(secret)), tf.uint8), tf.float32)
            return {"y": x + stolen[:2]}

    module = Hostile()
    tf.saved_model.save(module, str(place / "hostile"), signatures=module.__call__)
    return place / "hostile"


@pytest.mark.slow
@pytest.mark.own_process
@needs_root
@pytest.mark.fault(
    "a model reads files, credentials or the network of the machine that optimizes it",
    sees="the build fails with the operation that was refused",
    serves="the previous version",
)
@pytest.mark.parametrize("target", ["private", "/proc/self/environ of the job's parent"])
def test_a_hostile_model_reads_neither_files_nor_the_environment_of_others(
    place: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    secret = place / "private" if target == "private" else Path(f"/proc/{os.getpid()}/environ")
    if target == "private":
        secret.write_text(SECRET)
        secret.chmod(0o600)
    data = job_data(format="saved_model", recipe=STRIP)
    model, config = hostile_model(place, secret), place / "job.json"
    config.write_text(json.dumps(data))
    config.chmod(0o644)

    outcome = supervise.supervise(config, model, None, place / "out")

    assert outcome.isolation == dict.fromkeys(LAYERS, "on")
    assert outcome.exit_code is not ExitCode.DONE
    assert "ermission" in outcome.sentence
    # The same attack succeeds where nothing isolates it.
    unprotected, _ = run(Job.model_validate(data), Paths(model, None, place / "unprotected"))
    assert unprotected.exit_code is ExitCode.DONE, unprotected.sentence


@pytest.mark.own_process
@needs_root
@pytest.mark.parametrize("name", ["report/report.html", "model", "draft.json"])
def test_a_link_in_the_output_is_refused_and_removed(place: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, output = place / "private", place / "out"
    secret.write_text(SECRET)
    program = (
        "import os, pathlib, sys; out = pathlib.Path(sys.argv[3])\n"
        f"link = out / {name!r}; link.parent.mkdir(exist_ok=True); link.symlink_to({str(secret)!r})\n"
        '(out / \'outcome.json\').write_text(\'{"exitCode": 0, "sentence": ""}\')'
    )
    original = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda command, **how: original([sys.executable, "-c", program, *command[3:]], **how)
    )
    (place / "job.json").write_text(json.dumps(job_data()))
    (place / "source").mkdir()
    (place / "source" / "saved_model.pb").touch()

    outcome = supervise.supervise(place / "job.json", place / "source", None, output)

    assert f"the job left {name}, neither a directory nor a file of its own" in outcome.sentence
    assert outcome == Outcome.model_validate_json((output / "outcome.json").read_bytes())
    assert not os.path.lexists(output / name)
    assert secret.read_text() == SECRET
