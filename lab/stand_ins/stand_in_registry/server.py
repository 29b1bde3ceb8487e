"""Answers as a registry does."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from .content import Content

_PATH = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs)/(?P<wanted>[^/]+)")


class Registry:
    """A registry on this machine. Use it as a context manager."""

    def __init__(
        self, content: Content, *, port: int = 0, scheme: str = "", account: str = "", pulls: int | None = None
    ) -> None:
        """Prepare a registry.

        Args:
            content: What it holds.
            port: Where it listens; 0 for any free port.
            scheme: `Bearer` or `Basic` where it asks who pulls; empty where it does not.
            account: `name:password` of the only account that may pull; empty: everybody may, with a token.
            pulls: How many manifests an address may still get, as at Docker Hub, where HEAD requests do not count; None
                for any number.
        """
        self.content = content
        self.scheme, self.account = scheme, account
        self.pulls = pulls
        self.requests: list[str] = []
        """The path of every request so far."""
        self.faults: dict[str, list[int | str]] = {}
        """Faults of requests whose path contains the text, one after the other: an HTTP status, or `cut`
        (the connection ends in the middle), or `flip` (one bit arrives wrong)."""
        self.redirects: str = ""
        """Address of the server that has the blobs, where it is another one."""
        self.tokens: set[str] = set()
        """Tokens that are valid."""
        handler = type("Handler", (_Handler,), {"registry": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def serve(self) -> None:
        """Answer until the process ends."""
        self._server.serve_forever()

    def fault(self, path: str) -> int | str:
        """Return what goes wrong with this request; 200 for nothing."""
        found = next((queue for part, queue in self.faults.items() if part in path and queue), None)
        return found.pop(0) if found else 200

    def takes_pull(self) -> bool:
        """Count a pull, and tell whether it is within the limit."""
        if self.pulls is None:
            return True
        self.pulls -= 1
        return self.pulls >= 0

    def new_token(self) -> str:
        """Return a token that is valid from now on."""
        token = secrets.token_hex(8)
        self.tokens.add(token)
        return token


class _Handler(BaseHTTPRequestHandler):
    registry: ClassVar[Registry]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.registry.requests.append(self.path)
        fault = self.registry.fault(self.path)
        if isinstance(fault, int) and fault != 200:
            self._refuse(fault, "an arranged failure")
        elif url.path == "/token":
            self._give_token(parse_qs(url.query))
        elif not self._is_allowed():
            self._challenge()
        elif self.command == "GET" and "/manifests/" in url.path and not self.registry.takes_pull():
            self._refuse(429, "You have reached your unauthenticated pull rate limit.")
        else:
            self._give(url.path, str(fault))

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _is_allowed(self) -> bool:
        scheme, _, said = self.headers.get("Authorization", "").partition(" ")
        if self.registry.scheme == "Basic":
            return scheme == "Basic" and said == base64.b64encode(self.registry.account.encode()).decode()
        return not self.registry.scheme or (scheme == "Bearer" and said in self.registry.tokens)

    def _challenge(self) -> None:
        if self.registry.scheme == "Basic":
            how = 'Basic realm="a registry for tests"'
        else:
            match = _PATH.fullmatch(self.path)
            scope = f"repository:{match['repository']}:pull" if match else ""
            how = f'Bearer realm="http://{self.registry.host}/token",service="{self.registry.host}",scope="{scope}"'
        self._refuse(401, "authentication required", {"WWW-Authenticate": how})

    def _give_token(self, query: dict[str, list[str]]) -> None:
        expected = f"Basic {base64.b64encode(self.registry.account.encode()).decode()}"
        if self.registry.account and self.headers.get("Authorization") != expected:
            self._refuse(401, "incorrect username or password")
        elif query.get("service") != [self.registry.host] or not query.get("scope", [""])[0].startswith("repository:"):
            self._refuse(400, "which service and scope?")
        else:
            self._answer(json.dumps({"token": self.registry.new_token()}).encode(), "application/json")

    def _give(self, path: str, fault: str) -> None:
        match = _PATH.fullmatch(path)
        content = match and self._find(match["repository"], match["kind"], match["wanted"])
        if match is None or content is None:
            self._refuse(404, "manifest unknown")
        elif match["kind"] == "manifests":
            kind = re.search(rb'"mediaType": *"([^"]+)"', content)
            self._answer(content, kind[1].decode() if kind else "application/json", fault)
        elif self.registry.redirects:
            self._answer(b"", "text/plain", status=307, headers={"Location": f"{self.registry.redirects}{path}"})
        else:
            self._answer(content, "application/octet-stream", fault)

    def _find(self, repository: str, kind: str, wanted: str) -> bytes | None:
        held = self.registry.content
        if kind == "blobs":
            return held.blobs.get(wanted)
        return held.manifests.get(held.tags.get((repository, wanted), wanted))

    def _refuse(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        errors = {"errors": [{"code": "REFUSED", "message": message}]}
        self._answer(json.dumps(errors).encode(), "application/json", status=status, headers=headers)

    def _answer(
        self,
        content: bytes,
        media_type: str,
        fault: str = "",
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, **(headers or {})}.items():
            self.send_header(name, value)
        if "/manifests/" in self.path and status == 200:
            self.send_header("Docker-Content-Digest", f"sha256:{hashlib.sha256(content).hexdigest()}")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "cut":
            content, self.close_connection = content[: len(content) // 2], True
        elif fault == "flip":
            content = bytes([content[0] ^ 1]) + content[1:]
        self.wfile.write(content)
