"""A server whose answers are bytes that a test chooses, whether they are HTTP or not."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Answer = Callable[[socket.socket, bytes, bytes], None]


def http(body: bytes, status: int = 200, *headers: str) -> bytes:
    """Return an answer with its length."""
    head = [f"HTTP/1.1 {status} Something", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def metadata(**signatures: Any) -> bytes:
    """Return a model's metadata, as TensorFlow Serving writes them."""
    return json.dumps({"metadata": {"signature_def": {"signature_def": signatures}}}).encode()


def signature(inputs: dict[str, tuple[str, list[int]]], outputs: dict[str, tuple[str, list[int]]]) -> dict[str, Any]:
    """Return a signature of metadata, of types and sizes by name."""

    def tensors(given: dict[str, tuple[str, list[int]]]) -> dict[str, Any]:
        return {
            name: {
                "dtype": dtype,
                "name": f"{name}:0",
                "tensor_shape": {"dim": [{"size": str(size), "name": ""} for size in sizes], "unknown_rank": False},
            }
            for name, (dtype, sizes) in given.items()
        }

    return {"inputs": tensors(inputs), "outputs": tensors(outputs), "method_name": "tensorflow/serving/predict"}


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Yield the address of a model. `answer` gets each connection with the first line and the body of its request."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def accept() -> None:
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                except OSError:
                    return
                threading.Thread(target=reply, args=(connection,), daemon=True).start()

        def reply(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(20)
                try:
                    answer(connection, *_request(connection))
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/v1/models/m"
        finally:
            ended.set()
            thread.join()


def _request(connection: socket.socket) -> tuple[bytes, bytes]:
    content = b""
    while b"\r\n\r\n" not in content:
        content += connection.recv(1 << 16)
    head, _, body = content.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        body += connection.recv(1 << 16)
    return lines[0], body
