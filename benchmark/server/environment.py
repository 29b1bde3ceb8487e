"""What the benchmark installs into .tools: the servers' packages and the load generators."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.digits import REPOSITORY
from benchmark.go_programs import GHZ, go_program
from benchmark.running import run_quietly

if TYPE_CHECKING:
    from collections.abc import Callable

LOCKS = ("fastapi", "openvino", "onnxruntime", "litserve", "bentoml", "mlserver")
TOOLS = REPOSITORY / ".tools"
_PYTHONS = {"mlserver": ">=3.11,<3.13"}
OHA = "1.15.0"
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Generators:
    """The load generators; one that could not be installed is missing, with the reason."""

    oha: Path | None
    ghz: Path | None
    missing: tuple[str, ...]


def environment(name: str) -> tuple[Path, dict[str, str]]:
    """Return the Python of a server, and the variables it needs. Installs what is not there.

    Each has an environment of its own, because they ask for conflicting versions. FastAPI's packages are beside the
    Python of the set-up, which has TensorFlow and LiteRT.

    Args:
        name: The lock file in `locks`, without `.txt`.

    Raises:
        CalledProcessError: No Python suits, or a package cannot be installed.
    """
    lock = _HERE / "locks" / f"{name}.txt"
    target = TOOLS / "benchmark-server" / name
    is_own = name != "fastapi"
    python = target / "bin" / "python" if is_own else Path(sys.executable)
    stamp = target / lock.name
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        print(f"installing {name} …", file=sys.stderr)
        shutil.rmtree(target, ignore_errors=True)
        if is_own:
            # The Python of the set-up or, where a package does not support that one yet, another of this machine.
            _uv("venv", "--python", _PYTHONS.get(name, sys.executable), str(target))
        where = ("--python", str(python)) if is_own else ("--python", str(python), "--target", str(target))
        _uv("pip", "install", "--no-deps", "--require-hashes", *where, "-r", str(lock))
        shutil.copy(lock, stamp)
    return python, {} if is_own else {"PYTHONPATH": str(target)}


def _uv(*arguments: str) -> None:
    run_quietly(str(TOOLS / "uv" / "bin" / "uv"), "--quiet", *arguments, environment={"UV_PYTHON_DOWNLOADS": "never"})


def generators() -> Generators:
    """Install oha by Cargo and ghz by Go, each in a pinned version, unless they are there."""
    missing: list[str] = []
    found: dict[str, Path | None] = {}
    installers: list[tuple[str, str, Callable[[], Path]]] = [
        ("oha", OHA, _oha),
        (GHZ.name, GHZ.version, lambda: go_program(GHZ)),
    ]
    for name, version, install in installers:
        try:
            found[name] = install()
        except OSError as error:
            missing.append(f"{name} {version} could not be installed: {error.strerror}")
        except subprocess.CalledProcessError as error:
            missing.append(f"{name} {version} could not be installed: `{error.cmd[0]}` ended with {error.returncode}")
    return Generators(found.get("oha"), found.get("ghz"), tuple(missing))


def _oha() -> Path:
    """Compile it with the Rust that compiles the native runtime."""
    root = TOOLS / "load-generators" / f"oha-{OHA}"
    program = root / "bin" / "oha"
    if not program.exists():
        print(f"installing oha {OHA} …", file=sys.stderr)
        cargo = ["node", str(REPOSITORY / "scripts" / "server" / "cargo.mjs"), "install", "--locked", "--quiet"]
        with tempfile.TemporaryDirectory(dir=TOOLS) as compiled:
            command = [*cargo, "oha", "--version", OHA, "--root", str(root), "--target-dir", compiled]
            subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 - our own command
    return program
