from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.server_binary.elf import needed_versions
from tensorflow_optimizer.server_binary.program import check_program

#: A program for x86_64 that needs a C library no newer than Amazon Linux 2023's, as the test below sees for itself.
PYTHON = Path(sys.executable).resolve()


def changed(tmp_path: Path, version: str) -> Path:
    """Return a program that needs another version of the C library: its name is in the table of strings."""
    (old, *_) = [
        name for library, name in needed_versions(PYTHON) if library == "libc.so.6" and len(name) == len(version)
    ]
    program = tmp_path / "program"
    program.write_bytes(PYTHON.read_bytes().replace(f"\0{old}\0".encode(), f"\0{version}\0".encode()))
    return program


def test_versions_that_a_program_needs_are_read_from_it() -> None:
    needed = needed_versions(PYTHON)

    assert "libc.so.6" in {library for library, _ in needed}
    assert all(version.partition("_")[0] in {"GLIBC", "GCC", "GLIBCXX", "CXXABI"} for _, version in needed)


def test_program_that_instances_can_load_is_accepted(tmp_path: Path) -> None:
    check_program(PYTHON, "it")
    check_program(changed(tmp_path, "GLIBC_2.34"), "it")


def test_program_that_needs_a_newer_library_than_instances_have_is_refused_although_it_runs_here(
    tmp_path: Path,
) -> None:
    program = changed(tmp_path, "GLIBC_2.35")

    with pytest.raises(BadInputError, match=r"the server needs GLIBC_2\.35 of libc\.so\.6, .* have up to GLIBC_2\.34"):
        check_program(program, "the server")


@pytest.mark.parametrize("length", [64, 5000])
def test_truncated_program_is_refused(tmp_path: Path, length: int) -> None:
    program = tmp_path / "program"
    program.write_bytes(PYTHON.read_bytes()[:length])

    with pytest.raises(BadInputError, match="damaged"):
        check_program(program, "it")


def test_script_is_accepted(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")

    check_program(script, "it")
