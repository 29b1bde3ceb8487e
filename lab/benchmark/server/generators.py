"""The load generators, which the benchmark installs into .tools."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.digits import REPOSITORY
from benchmark.go_programs import GHZ, go_program
from benchmark.running import TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OHA = "1.15.0"


@dataclass(frozen=True)
class Generators:
    """The load generators; one that could not be installed is missing, with the reason."""

    oha: Path | None
    ghz: Path | None
    missing: tuple[str, ...]


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
