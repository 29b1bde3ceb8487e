"""Whatever bytes a ZIP has: its files are below the target and no larger than it says, or one sentence refuses it."""

from __future__ import annotations

import io
import stat
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_optimizer.errors import BadInputError, OptimizerError
from tensorflow_optimizer.fetching.unpacking import unpack

CONTENT = bytes(range(200)) * 3
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def archive(method: int, *names: str, content: bytes = CONTENT) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name in names:
            file.writestr(name, content)
    return stream.getvalue()


WHOLE = [archive(method, "saved_model.pb", "variables/é", "variables/variables.index") for method in METHODS]


def unpack_bytes(content: bytes) -> dict[str, bytes]:
    """Unpack into an empty directory beside a file, and return everything that is there afterwards."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "target").mkdir()
        (root / "model.zip").write_bytes(content)
        unpack(root / "model.zip", root / "target", "s3://models/model.zip")
        (root / "model.zip").unlink()
        assert not [path for path in root.rglob("*") if path.is_symlink()]
        assert [path.name for path in root.iterdir()] == ["target"], "something was written beside the target"
        return {
            path.relative_to(root / "target").as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file()
        }


def refusal(content: bytes) -> str:
    with pytest.raises(BadInputError) as caught:
        unpack_bytes(content)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@settings(max_examples=250, derandomize=True, deadline=None)
@given(
    which=st.sampled_from(range(len(WHOLE))),
    changes=st.lists(
        st.tuples(st.integers(0, 10**6), st.sampled_from([0, 1, 0x7F, 0x80, 0xFF])), min_size=1, max_size=4
    ),
)
def test_a_changed_archive_is_unpacked_or_refused(which: int, changes: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE[which])
    for place, value in changes:
        # From the end: the central directory has the names and sizes.
        content[-1 - place % len(content)] = value
    files, message = {}, "s3://models/model.zip"
    try:
        files = unpack_bytes(bytes(content))
    except OptimizerError as error:
        message = str(error)
    assert "s3://models/model.zip" in message
    assert all(file in {CONTENT, b""} for file in files.values())


NAMES = st.text(st.sampled_from(list("ab/.\\:é\0\n")), min_size=1, max_size=8)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(names=st.lists(NAMES, min_size=1, max_size=3, unique=True))
def test_names_stay_below_the_target(names: list[str]) -> None:
    try:
        files = unpack_bytes(archive(zipfile.ZIP_STORED, *names))
    except OptimizerError:
        return
    # zipfile ends a name at its first NUL.
    assert set(files) <= {name.partition("\0")[0] for name in names}


@pytest.mark.parametrize("place", ["central directory", "local header"])
def test_a_size_that_lies_writes_no_more_than_it_says(place: str) -> None:
    content = bytearray(archive(zipfile.ZIP_DEFLATED, "model.tflite", content=bytes(1 << 20)))
    if place == "central directory":
        struct.pack_into("<I", content, content.rindex(b"PK\x01\x02") + 24, 10)
        assert "is not a whole ZIP archive" in refusal(bytes(content))
    else:
        struct.pack_into("<I", content, 22, 10)
        assert unpack_bytes(bytes(content)) == {"model.tflite": bytes(1 << 20)}


@pytest.mark.fault
def test_an_archive_that_is_larger_than_the_disk_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    content = bytearray(archive(zipfile.ZIP_DEFLATED, *(f"{number}" for number in range(600))))
    place = -1
    while (place := content.find(b"PK\x01\x02", place + 1)) >= 0:
        struct.pack_into("<I", content, place + 24, 0xFFFFFFFE)
    (tmp_path / "bomb.zip").write_bytes(content)
    (tmp_path / "target").mkdir()

    with pytest.raises(OptimizerError, match=r"no room to unpack s3://models/bomb.zip: it needs 2,576,980 MB"):
        unpack(tmp_path / "bomb.zip", tmp_path / "target", "s3://models/bomb.zip")

    assert not list((tmp_path / "target").iterdir())


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_are_refused(kind: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        entry = zipfile.ZipInfo("saved_model.pb")
        entry.create_system = 3
        entry.external_attr = (kind | 0o777) << 16
        file.writestr(entry, "/etc/passwd")
    assert "a link or a device" in refusal(stream.getvalue())


def changed(method: int, offset: int, value: int) -> bytes:
    content = bytearray(archive(method, "é"))
    content[content.rindex(b"PK\x01\x02") + offset] = value
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(changed(zipfile.ZIP_STORED, 46, 0xFF), id="a name that is not UTF-8"),
        pytest.param(changed(zipfile.ZIP_STORED, 10, 97), id="an unknown method"),
        pytest.param(changed(zipfile.ZIP_STORED, 10, zipfile.ZIP_BZIP2), id="bytes that are not of bzip2"),
        pytest.param(changed(zipfile.ZIP_STORED, 10, zipfile.ZIP_LZMA), id="bytes that are not of LZMA"),
        pytest.param(changed(zipfile.ZIP_STORED, 45, 0xFF), id="an offset beyond the file"),
    ],
)
def test_each_finding_of_the_property_above_is_a_sentence(content: bytes) -> None:
    assert "is not a whole ZIP archive" in refusal(content)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    assert "longer than 255 bytes" in refusal(archive(zipfile.ZIP_STORED, f"{'é' * 128}/model.tflite"))
