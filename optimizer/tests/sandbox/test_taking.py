"""Files of a leaf: known names, of its own, within bounds; or nothing at all."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.sandbox import Wanted
from tensorflow_optimizer.sandbox import take as taking
from tensorflow_optimizer.sandbox.removal import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable

SAVED_MODEL = Wanted.saved_model("model")


def take(leaf: Path, wanted: Wanted, destination: Path) -> None:
    opened = os.open(leaf, os.O_RDONLY | os.O_DIRECTORY)
    try:
        taking.take(opened, wanted, destination)
    finally:
        os.close(opened)


@pytest.fixture
def leaf(tmp_path: Path) -> Path:
    """A leaf's directory with a SavedModel, and a file that nobody wants beside it."""
    directory = tmp_path / "leaf"
    for name in ("model/variables", "model/assets/words"):
        (directory / name).mkdir(parents=True)
    (directory / "temporary").write_text("nothing")
    for name in (
        "saved_model.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
        "assets/words/a",
    ):
        (directory / "model" / name).write_bytes(name.encode() * 1000)
    return directory


def test_a_saved_model_is_taken_with_its_assets(leaf: Path, tmp_path: Path) -> None:
    previous = os.umask(0o077)
    try:
        take(leaf, SAVED_MODEL, tmp_path / "new" / "taken")
    finally:
        os.umask(previous)

    taken = tmp_path / "new" / "taken"
    files = {path.relative_to(taken): path for path in taken.rglob("*") if path.is_file()}
    originals = {path.relative_to(leaf / "model"): path for path in (leaf / "model").rglob("*") if path.is_file()}
    assert files.keys() == originals.keys()
    assert all(files[name].read_bytes() == originals[name].read_bytes() for name in files)
    # Another leaf, which has another user, reads them.
    assert {path.stat().st_mode & 0o7777 for path in files.values()} == {0o644}
    assert {path.stat().st_mode & 0o7777 for path in taken.rglob("*") if path.is_dir()} == {0o755}


def test_a_later_change_of_the_original_changes_nothing(leaf: Path, tmp_path: Path) -> None:
    with (leaf / "model" / "saved_model.pb").open("r+b") as file:
        take(leaf, SAVED_MODEL, tmp_path / "taken")
        file.write(b"changed")

    assert (tmp_path / "taken" / "saved_model.pb").read_bytes().startswith(b"saved_model.pb")


def link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def link_to_directory(path: Path) -> None:
    path.symlink_to("/etc")


def hard_link(path: Path) -> None:
    original = path.parents[path.parts[::-1].index("leaf") + 1] / "private"
    original.write_text("secret")
    path.hardlink_to(original)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    os.mknod(path, 0o666 | 0o020000, os.makedev(1, 5))


def unix_socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(before)


def file(path: Path) -> None:
    path.write_bytes(b"\x7fELF")


def directory(path: Path) -> None:
    path.mkdir()


SPECIAL = [link, link_to_directory, hard_link, pipe, unix_socket, *([device] if os.geteuid() == 0 else [])]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("fingerprint.pb", directory),
        ("variables", file),
        *((n, m) for n in ("fingerprint.pb", "assets/b") for m in SPECIAL),
    ],
)
def test_what_is_no_file_of_its_own_alone_is_refused(
    leaf: Path, tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    if (leaf / "model" / name).exists():
        remove_tree(leaf / "model" / name)
    make(leaf / "model" / name)

    with pytest.raises(OptimizerError, match=rf"the model's process left {name}, .*which the optimizer never makes"):
        take(leaf, SAVED_MODEL, tmp_path / "taken")
    assert not os.path.lexists(tmp_path / "taken")
    assert Path("/etc/passwd").stat().st_size > 0


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json", "record.json", "draft.json", "outcome.json", "server", "saved_model.pbtxt", ".hidden",
        "variables/other", "variables/variables.data-0-of-1", "variables/variables.data-00000-of-00001.part",
        "variables/variables.data-0/000-of-00001", "assets/new\nline", "assets/\x1b[31mred", "assets/\u202eback",
    ],
)  # fmt: skip
def test_a_name_that_is_not_known_is_refused(leaf: Path, tmp_path: Path, name: str) -> None:
    path = leaf / "model" / name
    path.parent.mkdir(exist_ok=True)
    path.touch()

    with pytest.raises(OptimizerError, match="which the optimizer never makes") as refused:
        take(leaf, SAVED_MODEL, tmp_path / "taken")
    assert str(refused.value).isprintable()
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize("place", ["model", "model/variables", "model/assets"])
def test_a_link_in_place_of_a_directory_is_not_followed(leaf: Path, tmp_path: Path, place: str) -> None:
    (leaf / place).rename(tmp_path / "elsewhere")
    (leaf / place).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OptimizerError):
        take(leaf, SAVED_MODEL, tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


def test_a_file_that_is_missing_is_named(leaf: Path, tmp_path: Path) -> None:
    (leaf / "model" / "saved_model.pb").unlink()

    with pytest.raises(OptimizerError, match=r"the model's process left no model/saved_model\.pb"):
        take(leaf, SAVED_MODEL, tmp_path / "taken")
    with pytest.raises(OptimizerError, match="the model's process left no other"):
        take(leaf, Wanted.saved_model("other"), tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


def test_a_path_out_of_the_directory_leads_nowhere(leaf: Path, tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(OptimizerError):
        take(leaf / "model", Wanted.file("../..", "saved_model.pb"), tmp_path / "taken")


def test_one_file_is_taken_from_the_directory_itself(leaf: Path, tmp_path: Path) -> None:
    (leaf / "model" / "model.tflite").write_bytes(b"TFL3")
    with pytest.raises(OptimizerError, match="which the optimizer never makes"):
        take(leaf, Wanted.file("model", "model.tflite"), tmp_path / "taken")

    (leaf / "out").mkdir()
    (leaf / "model" / "model.tflite").rename(leaf / "out" / "model.tflite")
    take(leaf / "out", Wanted.file("", "model.tflite"), tmp_path / "taken")

    assert (tmp_path / "taken" / "model.tflite").read_bytes() == b"TFL3"


def test_a_sparse_file_counts_by_its_length(leaf: Path, tmp_path: Path) -> None:
    with (leaf / "model" / "variables" / "variables.data-00000-of-00001").open("wb") as huge:
        huge.truncate(1 << 42)

    with pytest.raises(OptimizerError, match="files of more than 17179869184 bytes"):
        take(leaf, SAVED_MODEL, tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize("spare", [0, -1])
def test_all_files_together_have_the_bound_of_bytes(leaf: Path, tmp_path: Path, spare: int) -> None:
    total = sum(path.stat().st_size for path in (leaf / "model").rglob("*") if path.is_file())
    wanted = Wanted("model", taking.SAVED_MODEL, most_bytes=total + spare)

    if spare == 0:
        take(leaf, wanted, tmp_path / "taken")
    else:
        with pytest.raises(OptimizerError, match=f"files of more than {total - 1} bytes"):
            take(leaf, wanted, tmp_path / "taken")
    assert (tmp_path / "taken").exists() == (spare == 0)


@pytest.mark.parametrize("size", [0, 5, 1_000_000])
def test_a_file_that_changes_while_it_is_copied_is_refused(
    leaf: Path, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a process that outlived the leaf could do so."""
    original = os.fstat

    def change(descriptor: int) -> os.stat_result:
        found = original(descriptor)
        os.truncate(leaf / "model" / "saved_model.pb", size)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(taking.os, "fstat", change)
        with pytest.raises(OptimizerError, match="changed after the model's process had ended"):
            take(leaf, Wanted("model", ("*", "*/*", "assets/**")), tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


def test_many_files_are_refused(leaf: Path, tmp_path: Path) -> None:
    for number in range(60):
        (leaf / "model" / "assets" / str(number)).touch()

    with pytest.raises(OptimizerError, match="more than 50 files"):
        take(leaf, Wanted("model", taking.SAVED_MODEL, most_files=50), tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


def nest(place: Path, depth: int) -> None:
    """Make directories inside each other, whose path is longer than any call takes."""
    current = os.open(place, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("nested", dir_fd=current)
        inner = os.open("nested", os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=current))
    os.close(current)


@pytest.mark.parametrize("place", ["model/assets", "model"])
def test_two_thousand_directories_inside_each_other_are_refused_and_removed(
    leaf: Path, tmp_path: Path, place: str
) -> None:
    nest(leaf / place, 2000)

    with pytest.raises(OptimizerError, match="which the optimizer never makes"):
        take(leaf, SAVED_MODEL, tmp_path / "taken")
    assert not (tmp_path / "taken").exists()
    remove_tree(leaf)
    assert not leaf.exists()


def test_a_directory_is_removed_whatever_is_in_it(tmp_path: Path) -> None:
    directory, outside = tmp_path / "leaf", tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    directory.mkdir()
    nest(directory, 30)
    (directory / "link").symlink_to(outside)
    (directory / "dangling").symlink_to("nowhere")
    (directory / ".moved-1").mkdir()
    (directory / ".moved-2").touch()
    os.mkfifo(directory / "nested" / "pipe")
    (directory / "closed" / "inner").mkdir(parents=True)
    (directory / "closed" / "inner" / "file").touch()
    (directory / "closed" / "inner").chmod(0)
    (directory / "closed").chmod(0)
    directory.chmod(0)

    remove_tree(directory)

    assert not os.path.lexists(directory)
    assert (outside / "kept").exists()
    remove_tree(directory)  # the second time does nothing
