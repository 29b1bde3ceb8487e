"""Files that several embedded AWS on one machine share, wherever their clones lie."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from embedded_aws.ec2 import stock
from embedded_aws.host.shared_cache import kept

if TYPE_CHECKING:
    from pathlib import Path


def test_two_processes_that_create_the_same_directory_at_once_both_get_all_of_it(tmp_path: Path) -> None:
    both = threading.Barrier(2)

    def fill(directory: Path) -> None:
        (directory / "first").write_text("1")
        both.wait()  # neither is done before the other has begun
        (directory / "second").write_text("2")

    with ThreadPoolExecutor(2) as threads:
        made = list(threads.map(lambda _: kept(tmp_path / "made", fill), range(2)))
    assert made == [tmp_path / "made"] * 2
    assert sorted(path.name for path in made[0].iterdir()) == ["first", "second"]
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_failed_process_leaves_nothing_behind(tmp_path: Path) -> None:
    def fill(directory: Path) -> None:
        (directory / "first").write_text("1")
        raise ConnectionError("no network")

    with pytest.raises(ConnectionError, match="no network"):
        kept(tmp_path / "made", fill)
    assert list(tmp_path.iterdir()) == []


def test_the_aws_cli_runs_in_paths_with_spaces_and_quotes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clone = tmp_path / "it's a clone"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", clone], check=True)
    monkeypatch.setattr(sys, "executable", str(clone / "bin" / "python"))
    program = stock.aws_command(tmp_path / "a cache", tmp_path / "a run")
    shown = subprocess.check_output([program, "--version"], text=True)
    assert shown.startswith("aws-cli/")


def test_each_interpreter_has_its_own_aws_cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = ("one", "other")
    for name in names:
        monkeypatch.setattr(sys, "executable", f"/{name}/bin/python")
        stock.aws_command(tmp_path / "cache", tmp_path / name)
    for name in names:
        assert f"exec /{name}/bin/python " in (tmp_path / name / "stock" / "aws").read_text()
