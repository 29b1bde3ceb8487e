"""The registry that nodes pull from, whatever registry an image names. Its images are made of this machine's files."""

from __future__ import annotations

import logging
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from embedded_aws.eks.real_nodes.oci_image import MANIFEST_TYPE, Image

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from pathlib import Path

_log = logging.getLogger("embedded_aws.eks")

_PATH = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs)/(?P<reference>[^/]+)")


class Registry:
    """Serves images by the distribution protocol, with any tag."""

    def __init__(self, listener: socket.socket, images: Mapping[str, Image]) -> None:
        """Begins to answer.

        Args:
            listener: where nodes ask; belongs to the registry from now on.
            images: by their repository with its registry, such as `docker.io/tensorflow/serving`.
        """

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

            def do_HEAD(self) -> None:
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def _answer(self, *, with_body: bool) -> None:
                url = urlsplit(self.path)
                registry = parse_qs(url.query).get("ns", [""])[0]
                if url.path == "/v2/":
                    self._send(200, b"{}", "application/json", "", with_body=with_body)
                    return
                found = _PATH.fullmatch(url.path)
                image = _find(images, f"{registry}/{found['repository']}") if found else 404
                if isinstance(image, int) or found is None:
                    status = image if isinstance(image, int) else 404
                    code = b'{"errors":[{"code":"NAME_UNKNOWN"}]}'
                    self._send(status, code, "application/json", "", with_body=with_body)
                    return
                reference = found["reference"]
                digest = image.manifest if found["kind"] == "manifests" and ":" not in reference else reference
                content = image.blobs.get(digest)
                if content is None:
                    self._send(
                        404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}', "application/json", "", with_body=with_body
                    )
                    return
                kind = MANIFEST_TYPE if digest == image.manifest else "application/octet-stream"
                self._send(200, content, kind, digest, with_body=with_body)

            def _send(self, status: int, content: bytes | Path, kind: str, digest: str, *, with_body: bool) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                size = len(content) if isinstance(content, bytes) else content.stat().st_size
                self.send_header("Content-Length", str(size))
                if digest:
                    self.send_header("Docker-Content-Digest", digest)
                self.end_headers()
                if not with_body:
                    return
                if isinstance(content, bytes):
                    self.wfile.write(content)
                else:
                    with content.open("rb") as source:
                        shutil.copyfileobj(source, self.wfile, 1 << 20)

        self._server = serve(listener, Handler)

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def _find(images: Mapping[str, Image], name: str) -> Image | int:
    """Return an image, or the status that says why there is none."""
    try:
        return images.get(name) or 404
    except TimeoutError:
        return 408  # it is being made: containerd asks again at once
    except OSError as error:
        _log.warning("the image %s cannot be made: %s", name, error)
        return 404


def serve(listener: socket.socket, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    """Answer requests on a socket that listens already, in threads of their own."""
    server = ThreadingHTTPServer(listener.getsockname(), handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
