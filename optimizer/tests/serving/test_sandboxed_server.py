"""A server in a sandbox: what it or its model says is compared with what the judge knows, and never believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tensorflow_optimizer.server_binary.process import CannotRunError, ServerError
from tensorflow_optimizer.serving import sandboxed_server
from tensorflow_optimizer.serving.sandboxed_server import serve

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Sandbox

BODIES = [{"instances": [1.0]}, {"instances": [2.0]}]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that this machine can run."""
    place = tmp_path / "server"
    place.write_text("#!/bin/sh\nexit 0\n")
    place.chmod(0o755)
    return place


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ("dies", r"crashed in native code \(SIGSEGV\)"),
        ("hangs", "did not answer within 3 seconds"),
        ("answers_nothing", "it did not answer every request"),
        ("answers_nonsense", "^-1$"),
        ("answers_too_much", "only models that you trust"),
        ("ends_lines", "^0$|bad red"),
    ],
)
def test_a_process_that_does_not_drive_the_server_does_not_serve_the_model(
    task: str, sentence: str, sandbox: Sandbox, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandboxed_server, "_SERVE", f"hostile_leaves:{task}")
    if task == "hangs":
        for name in ("PATIENCE_SECONDS", "_GRACE_SECONDS"):
            monkeypatch.setattr(sandboxed_server, name, 0.75)
    with pytest.raises(ServerError, match=sentence) as raised:
        serve(sandbox, program, program.parent, BODIES, onednn=True)
    assert str(raised.value).isprintable()


def test_a_model_that_says_that_the_machine_cannot_run_the_server_does_not_escape_the_comparison(
    sandbox: Sandbox, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandboxed_server, "_SERVE", "hostile_leaves:cannot_run")
    with pytest.raises(ServerError, match="error while loading shared libraries: libodd"):
        serve(sandbox, program, program.parent, BODIES, onednn=True)
    program.write_text("#!/bin/sh\necho 'error while loading shared libraries: libtrue.so.1' >&2; exit 127\n")
    with pytest.raises(CannotRunError, match="libtrue"):
        serve(sandbox, program, program.parent, BODIES, onednn=True)


def test_a_server_that_ends_says_how(sandbox: Sandbox, program: Path) -> None:
    program.write_text("#!/bin/sh\necho 'E1 Op type not registered Magic' >&2; exit 3\n")
    with pytest.raises(ServerError, match="it ended with code 3: E1 Op type not registered Magic"):
        serve(sandbox, program, program.parent, BODIES, onednn=True)
