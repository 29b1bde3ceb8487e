"""Lets programs of this machine ask the embedded AWS, and web pages only the models behind function URLs and HTTP APIs.

A buildspec is executed as commands of this machine, and a browser carries every page's requests to any loopback port.
What a browser sends for a page names the page's origin, or says that it comes from another site; a page that had its
own host name resolved to 127.0.0.1 asks for that name. Programs do neither. At the host of a function URL or of an API
a model's paths are answered by its function alone: there the permission (CORS) decides what a page may read, as on AWS.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

_HOSTS = ("127.0.0.1", "localhost")
# Address of this machine in the network of a cluster's real nodes, which no browser is in.
_GATEWAY = "10.77.0.1"
# Names of AWS, which programs ask for in the Host header, and those that every machine resolves to itself.
_DOMAINS = (".localhost", ".amazonaws.com", ".on.aws")
_OTHER_PAGES = ("cross-site", "same-site")
# Hosts and paths that MiniStack hands to a function, whatever else the request has.
_ENDPOINT = re.compile(r"([0-9a-z]{32}\.lambda-url\.[0-9a-z-]+|[0-9a-f]{8}\.execute-api)\.localhost(:\d+)?")
_MODEL = re.compile(r"/v1/models/[\w.-]+(:predict|/metadata)?")


def asks_for_model(scope: dict[str, Any]) -> bool:
    """Tells whether a request is one for a model behind a function URL or an API, which pages may send too.

    Args:
        scope: of the request, names of headers in lower case.
    """
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if scope["type"] != "http" or len(hosts) != 1:
        return False
    return _ENDPOINT.fullmatch(hosts[0]) is not None and _MODEL.fullmatch(scope["path"]) is not None


def why_refused(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Returns why a request is refused, or None where it is answered.

    Args:
        headers: of the request, names in lower case.
    """
    named: dict[str, list[str]] = {}
    for name, value in headers:
        named.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    if origin := named.get("origin"):
        return f"the embedded AWS answers no web pages, and this request is one of {origin[0]}"
    if any(site in _OTHER_PAGES for site in named.get("sec-fetch-site", [])):
        return "the embedded AWS answers no web pages, and a browser sent this request for one"
    hosts = named.get("host", [])
    if not hosts or not all(_is_ours(host) for host in hosts):
        known = ", ".join((*_HOSTS, *(f"*{domain}" for domain in _DOMAINS)))
        return f"the embedded AWS answers to the hosts {known}, got {', '.join(hosts) or 'none'}"
    return None


async def refuse(scope: dict[str, Any], send: Callable[[dict[str, Any]], Awaitable[None]], reason: str) -> None:
    """Answers 403, without a header that would let a page read it.

    Args:
        scope: of the request.
        send: of the request.
        reason: the body.
    """
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})  # before it is accepted: the server answers 403
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": f"{reason}\n".encode()})


def _is_ours(host: str) -> bool:
    name = host.lower().rsplit(":", 1)[0]
    return name in (*_HOSTS, _GATEWAY) or name.endswith(_DOMAINS)
