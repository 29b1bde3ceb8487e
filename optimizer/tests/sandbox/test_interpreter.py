"""The Python of a leaf: its bytecode, its files, and where it searches for modules."""

from __future__ import annotations

import os
import py_compile
import shutil
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tensorflow_optimizer.sandbox import Sandbox, Zygote, zygote_process
from test_layers import SECRET, ask, needs_linux

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=[False, True], ids=["without bytecode", "with bytecode"])
def packages(place: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """Put a package in the place of TensorFlow before the others."""
    package = place / "packages" / "tensorflow"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("VALUE = 1\n")
    if request.param:
        py_compile.compile(str(package / "__init__.py"))
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setattr(zygote_process, "find_spec", lambda name: PathFinder.find_spec(name, [str(package.parent)]))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return request.param


@pytest.mark.parametrize("kind", ["another user", "the same user"])
def test_bytecode_is_written_by_the_zygote_and_read_by_leaves(
    place: Path, *, packages: bool, kind: str, how: dict[str, Any]
) -> None:
    """Expect bytecode only of processes that leaves cannot write for."""
    if kind == "the same user":
        place.chmod(0o700)
    with Zygote(("tensorflow",)) as zygote, Sandbox(place, zygote=zygote, allow_root=True) as sandbox:
        own = "__import__('tensorflow').VALUE"
        cache = ask(sandbox, f"{own} and [sys.pycache_prefix, sys.dont_write_bytecode]", **how)
        writable = ask(
            sandbox, "os.open(os.path.join(sys.pycache_prefix or '', 'planted'), os.O_CREAT | os.O_WRONLY)", **how
        )
        compiled = list(zygote._directory.rglob("tensorflow/__init__.*.pyc"))

        assert cache[1] is True
        if packages:
            assert cache[0] is None
        else:
            assert Path(cache[0]).is_relative_to(zygote._directory)
            assert compiled
            assert writable == "PermissionError"
            assert not list(zygote._directory.rglob("planted"))


def test_an_interpreter_made_of_links_starts_without_another_user(tmp_path: Path) -> None:
    """Link the interpreter as a build of the embedded AWS does."""
    original, version = Path(sys.executable).resolve(), f"python{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / "linked" / "bin").mkdir(parents=True)
    (tmp_path / "linked" / "lib").mkdir()
    python = shutil.copy2(original, tmp_path / "linked" / "bin" / version)
    for path in (original.parents[1] / "lib").glob("*python*"):
        (tmp_path / "linked" / "lib" / path.name).symlink_to(path)
    judge = """
import sys
from tensorflow_optimizer.sandbox import Sandbox, Zygote
with Zygote(()) as zygote, Sandbox(allow_root=True, zygote=zygote) as sandbox:
    print(sandbox.leaf("sandbox_tasks:echo").ask("answered").document)
"""
    paths = [str(Path(__file__).parent), *filter(None, sys.path)]
    done = subprocess.run(
        [python, "-c", judge],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "answered\n", done.stderr


@needs_linux
@pytest.mark.parametrize("how_called", ["a module", "a script"])
def test_the_directory_of_the_caller_is_not_the_leafs_to_read(place: Path, how_called: str) -> None:
    """Python searches it for modules. It may be a home."""
    (place / "secret.txt").write_text(SECRET)
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / "py_landlock.py").write_text(f"open({str(place / 'planted')!r}, 'w')")
    (place / "judge.py").write_text(f"""
import sys
from tensorflow_optimizer.sandbox import Sandbox, Zygote
with Zygote(()) as zygote, Sandbox(allow_root=True, zygote=zygote) as sandbox:
    for environment in (None, {{}}):
        with sandbox.leaf("sandbox_tasks:evaluate", environment=environment) as leaf:
            print(leaf.ask("result = open({str(place / "secret.txt")!r}).read()").document)
""")
    done = subprocess.run(
        [sys.executable, *(["-m", "judge"] if how_called == "a module" else [str(place / "judge.py")])],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])},
        cwd=place if how_called == "a module" else place / "elsewhere",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "PermissionError\nPermissionError\n", done.stderr
    assert not (place / "planted").exists()
