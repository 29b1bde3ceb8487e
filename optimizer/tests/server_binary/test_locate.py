"""Finding a file under whiteouts and links, as a container would see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from tensorflow_optimizer.server_binary.layer import Entry, Kind
from tensorflow_optimizer.server_binary.locate import NotThereError, Stack

FILE, DIRECTORY, PIPE = Entry(Kind.FILE), Entry(Kind.DIRECTORY), Entry(Kind.OTHER)
PATH = "usr/bin/server"


@dataclass
class FakeLayer:
    """Layer that has only names."""

    name: str
    entries: dict[str, Entry] = field(default_factory=dict)


def link(target: str) -> Entry:
    return Entry(Kind.SYMBOLIC_LINK, target)


def hard(target: str) -> Entry:
    return Entry(Kind.HARD_LINK, target)


def locate(*topmost_first: dict[str, Entry], path: str = PATH) -> tuple[int, str]:
    """Return the number of the layer, counted from the topmost, and the name in it."""
    layers = [FakeLayer(str(number), entries) for number, entries in enumerate(topmost_first)]
    layer, name = Stack(iter(layers)).locate(path)
    return int(layer.name), name


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        pytest.param([{PATH: FILE}, {PATH: FILE}], (0, PATH), id="the topmost of two files"),
        pytest.param([{}, {"usr/bin": DIRECTORY}, {PATH: FILE}], (2, PATH), id="a file below layers without it"),
        pytest.param(
            [{PATH: FILE, "usr/bin/.wh.server": FILE}, {PATH: FILE}],
            (0, PATH),
            id="a whiteout hides what is below it only",
        ),
        pytest.param([{"usr/bin/.wh.other": FILE}, {PATH: FILE}], (1, PATH), id="another file's whiteout"),
        pytest.param(
            [{PATH: FILE, "usr/bin/.wh..wh..opq": FILE}, {PATH: FILE}],
            (0, PATH),
            id="an emptied directory keeps its new files",
        ),
        pytest.param(
            [{PATH: link("/opt/server")}, {"opt/server": FILE}],
            (1, "opt/server"),
            id="an absolute link to a lower layer",
        ),
        pytest.param(
            [{"opt/server": FILE}, {PATH: link("../../opt/server")}],
            (0, "opt/server"),
            id="a relative link to a higher layer",
        ),
        pytest.param(
            [{PATH: link("../../../../opt/server"), "opt/server": FILE}],
            (0, "opt/server"),
            id="a link out of the root stays in it",
        ),
        pytest.param(
            [{PATH: hard("usr/lib/server"), "usr/lib/server": FILE}],
            (0, "usr/lib/server"),
            id="a hard link in its layer",
        ),
        pytest.param(
            [{PATH: hard("usr/lib/server")}, {"usr/lib/server": FILE}],
            (1, "usr/lib/server"),
            id="a hard link to a lower layer",
        ),
        pytest.param(
            [{"opt/server": FILE}, {PATH: link("/opt/first")}, {"opt/first": link("server")}],
            (0, "opt/server"),
            id="a link to a link",
        ),
        pytest.param(
            [{}, {"usr/bin": link("../bin")}, {"bin/server": FILE}], (2, "bin/server"), id="a directory that is a link"
        ),
        pytest.param(
            [{"usr/bin": DIRECTORY}, {PATH: FILE}, {"usr/bin": link("/bin")}],
            (1, PATH),
            id="a directory over what was a link below",
        ),
    ],
)
def test_finds_the_files_that_a_container_would_see(layers: list[dict[str, Entry]], found: tuple[int, str]) -> None:
    assert locate(*layers) == found


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        pytest.param([{}], "it has no file /usr/bin/server", id="nothing"),
        pytest.param([{"usr/bin/.wh.server": FILE}, {PATH: FILE}], "it has no file", id="a whiteout"),
        pytest.param([{".wh.usr": FILE}, {PATH: FILE}], "it has no file", id="a directory's whiteout"),
        pytest.param([{"usr/bin/.wh..wh..opq": FILE}, {PATH: FILE}], "it has no file", id="an emptied directory"),
        pytest.param([{".wh..wh..opq": FILE}, {PATH: FILE}], "it has no file", id="an emptied root"),
        pytest.param([{PATH: DIRECTORY}, {PATH: FILE}], "/usr/bin/server is a directory", id="a directory"),
        pytest.param([{PATH: PIPE}], "/usr/bin/server is a device or a pipe", id="a pipe"),
        pytest.param([{"usr/bin": FILE}, {PATH: FILE}], "/usr/bin is a file", id="a file where a directory was"),
        pytest.param([{PATH: link("/opt/server")}, {PATH: FILE}], "it has no file /opt/server", id="a dangling link"),
        pytest.param([{PATH: link("server")}], "its links lead in a circle", id="a link to itself"),
        pytest.param([{PATH: hard(PATH)}], "its links lead in a circle", id="a hard link to itself"),
        pytest.param([{PATH: link("/a"), "a": link("/usr/bin/server")}], "its links lead in a circle", id="a circle"),
    ],
)
def test_does_not_find_files_that_a_container_would_not_see(layers: list[dict[str, Entry]], why: str) -> None:
    with pytest.raises(NotThereError, match=why):
        locate(*layers)


def test_lower_layers_are_used_only_when_needed() -> None:
    taken = []

    def layers() -> Any:
        for number, entries in enumerate([{}, {PATH: FILE}, {PATH: FILE}]):
            taken.append(number)
            yield FakeLayer(str(number), entries)

    Stack(layers()).locate(PATH)
    assert taken == [0, 1]
