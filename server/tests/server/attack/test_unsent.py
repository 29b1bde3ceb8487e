"""Limits on computing what was not sent: declared pixels, repeated values, what unzips to many rows."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import attacks
import pytest
from http2 import PREDICT, Connection, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from program import Server

IMAGES = "/v1/models/images:predict"
KILOBYTE = 1024
MOST_SECONDS = 1.0
"""Processor time for less than a kilobyte."""
SIDE = 5792
"""Pixels of a side of a square of nearly the most pixels."""


def processor_seconds(server: Server) -> float:
    """Return the processor time that a server has taken."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def jpeg(width: int, height: int, scan: bytes = b"\x00" * 8) -> bytes:
    """Return a gray JPEG whose scan has these bytes. A bit of 0 is the brightness of a block, the next one its end."""
    quantization = b"\xff\xdb" + struct.pack(">HB", 67, 0) + b"\x01" * 64
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    scans = b"\xff\xda" + struct.pack(">HB", 8, 1) + b"\x01\x00\x00\x3f\x00" + scan
    return b"\xff\xd8" + quantization + frame + _table(0) + _table(0x10) + scans + b"\xff\xd9"


def png(width: int, height: int) -> bytes:
    """Return a black PNG of a bit for each pixel."""
    rows = bytes((1 + (width + 7) // 8) * height)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _table(kind: int) -> bytes:
    """Return a table of one code, which is a bit."""
    return b"\xff\xc4" + struct.pack(">HB", 20, kind) + bytes([1] + [0] * 15) + b"\x00"


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def instances(images: list[bytes]) -> bytes:
    return json.dumps({"instances": [{"b64": base64.b64encode(image).decode()} for image in images]}).encode()


def whole(width: int, height: int) -> bytes:
    """Return a JPEG with two bits of its scan for each block: that of its brightness, and that of its end."""
    return jpeg(width, height, bytes(-(-width // 8) * -(-height // 8) // 4 + 1))


ZIPPED: dict[str, Callable[[], bytes]] = {
    "images_without_their_pixels": lambda: instances([jpeg(SIDE, SIDE)] * 400),
    "one_image_again_and_again": lambda: instances([whole(480, 480)] * 400),
    "a_black_png_again_and_again": lambda: instances([png(2400, 2400)] * 20),
    "the_smallest_images": lambda: instances([whole(8, 8)] * 400),
}


@pytest.mark.fault
@pytest.mark.parametrize("name", ZIPPED)
def test_images_of_a_kilobyte_take_less_than_a_second(start: Callable[..., Server], name: str) -> None:
    body = gzip.compress(ZIPPED[name](), 9)
    assert len(body) < KILOBYTE + 600
    with start("images", 1, "--workers=1") as server:
        server.wait_until(lambda: server.says("all copies compiled"))
        before = processor_seconds(server)
        answer = server.post(IMAGES, body, headers={"Content-Encoding": "gzip"})
        taken = processor_seconds(server) - before
    print(f"{name}: {len(body)} bytes, {taken:.2f} s of processor, {answer.status_code} {answer.text[:200]}")
    # A quick machine has answered all of them by then.
    assert answer.status_code in {200, 400, 413, 504}, answer.text
    assert taken < MOST_SECONDS


def test_a_black_image_of_the_most_pixels_is_decoded(start: Callable[..., Server]) -> None:
    image = png(8192, 4096)
    assert len(image) < 4200
    with start("images", 1, "--workers=1") as server:
        assert server.post(IMAGES, instances([image])).json() == {"predictions": [[0.0, 0.0, 0.0]]}
        refused = server.post(IMAGES, instances([image, image]))
    assert refused.status_code == 413
    assert "64 for each byte that was sent" in refused.json()["error"]


def test_rows_that_were_not_sent_are_computed_no_further_than_their_time(start: Callable[..., Server]) -> None:
    rows = b'{"instances":[' + b"[1]," * 2000 + b"[1]]}"
    body = gzip.compress(rows, 9)
    assert len(body) < KILOBYTE
    with start("slow", 1, "--workers=1") as server:
        server.wait_until(lambda: server.says("all copies compiled"))
        assert server.post("/v1/models/slow:predict", b'{"instances":[[1]]}').status_code == 200
        before = processor_seconds(server)
        refused = server.post("/v1/models/slow:predict", body, headers={"Content-Encoding": "gzip"})
        assert refused.status_code == 413, refused.text
        assert "it may take" in refused.json()["error"]
        print(f"zipped rows: {processor_seconds(server) - before:.2f} s of processor")
        # The run that is begun is ended.
        assert processor_seconds(server) - before < 3 * MOST_SECONDS
        splat = attacks.field(1, attacks.field(1, b"slow")) + attacks.tensor(
            b"\x08\x01"
            + attacks.field(2, attacks.field(2, b"\x08\x88\x27") + attacks.field(2, b"\x08\x01"))
            + attacks.field(5, bytes(4))
        )
        before = processor_seconds(server)
        with Connection(server.grpc_port) as connection:
            stream = connection.open(PREDICT)
            connection.send(stream, message(len(splat)) + splat, end=True)
            assert connection.wait(stream, 60) is not None
        print(f"splat of {len(splat)} bytes: {processor_seconds(server) - before:.2f} s of processor")
        assert processor_seconds(server) - before < 3 * MOST_SECONDS


def padded(images: int) -> bytes:
    """Return images that have enough bytes for their pixels, and take some tenths of a second each."""
    comment = b"\xff\xfe" + struct.pack(">H", 65_535) + bytes(65_533)
    one = whole(4096, 4096)
    return instances([one[:2] + comment * 4 + one[2:]] * images)


@pytest.mark.slow
@pytest.mark.parametrize("ends_by", ["the client goes", "the deadline comes"])
def test_images_are_not_decoded_for_nobody(start: Callable[..., Server], ends_by: str) -> None:
    few, many = padded(4), padded(24)
    timeout = ["--rest_api_timeout_in_ms=300"] if ends_by == "the deadline comes" else []
    with start("images", 1, "--workers=1") as server:
        server.wait_until(lambda: server.says("all copies compiled"))
        before = processor_seconds(server)
        assert server.post(IMAGES, few).status_code == 200
        cost = processor_seconds(server) - before
    with start("images", 1, "--workers=1", *timeout) as server:
        server.wait_until(lambda: server.says("all copies compiled"))
        before = processor_seconds(server)
        if timeout:
            assert server.post(IMAGES, many).status_code in {408, 504}
        else:
            head = f"POST {IMAGES} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(many)}\r\n\r\n".encode()
            with attacks.connections(server.rest_port, 1) as [client]:
                attacks.send(client, head + many)
                server.wait_until(lambda: server.metric("model_server:request_memory_bytes") > len(many))
        server.wait_until(lambda: server.metric("model_server:request_memory_bytes") == 0, seconds=60)
        taken = processor_seconds(server) - before
    print(f"{ends_by}: 4 images take {cost:.2f} s, and what was left of 24 took {taken:.2f} s")
    assert taken < 24 / 4 * cost * 0.7


@pytest.mark.slow
def test_a_body_that_unzips_to_nothing_ends_at_the_deadline(start: Callable[..., Server]) -> None:
    buffer = io.BytesIO()
    gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0).close()
    body = buffer.getvalue() * (55_000_000 // len(buffer.getvalue()))
    with start("times", 1, "--workers=1", "--rest_api_timeout_in_ms=1500") as server:
        answer = server.post("/v1/models/times:predict", body, headers={"Content-Encoding": "gzip"})
        assert answer.status_code in {408, 504}
        server.wait_until(lambda: server.metric("model_server:request_memory_bytes") == 0)
        print(f"empty members: {processor_seconds(server):.2f} s of processor")
        assert server.post("/v1/models/times:predict", {"instances": [[1, 2, 3]]}).status_code == 200
