"""The API of a kubelet, as far as the API server uses it: the logs of containers."""

from __future__ import annotations

import http.server
import ssl
import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class KubeletApi:
    """One server for all nodes, which share this machine's address."""

    def __init__(self, pki: Path, log: Callable[[str, str, str, bool], str | None]) -> None:
        """Open its port; `start` answers there.

        Args:
            pki: has the certificate and the key to show, named after the API server.
            log: returns the log of a container by namespace, pod and container, the one before its restart or the
                present one; None where there is none.
        """
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(log))
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(pki / "apiserver.crt"), str(pki / "apiserver.key"))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True, name="kubelet's API")

    @property
    def port(self) -> int:
        """Port on which the API answers."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def _handler(log: Callable[[str, str, str, bool], str | None]) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = urlsplit(self.path)
            what, *names = (unquote(part) for part in found.path.strip("/").split("/"))
            query = {name: values[0] for name, values in parse_qs(found.query).items()}
            text = None
            if what == "containerLogs" and len(names) == 3:
                text = log(names[0], names[1], names[2], query.get("previous") == "true")
            lines = int(query.get("tailLines", -1))
            if text is not None and lines >= 0:
                text = "".join(text.splitlines(keepends=True)[-lines:] if lines else [])
            body = (f"{self.path} not found" if text is None else text).encode()
            self.send_response(404 if text is None else 200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
