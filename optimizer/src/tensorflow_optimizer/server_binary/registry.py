"""Client of one repository: the part of the OCI distribution API needed for pulling.

See https://github.com/opencontainers/distribution-spec/blob/main/spec.md and, for tokens,
https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.utils import parse_dict_header
from urllib3.util import Retry

from ..errors import OptimizerError
from .errors import damaged, refused, unreachable
from .manifests import ACCEPT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .credentials import Credentials
    from .manifests import Descriptor
    from .reference import ImageReference

_TIMEOUT = (10, 60)
_DOWNLOADS = 3
_CHUNK = 1 << 20
#: The specification requires registries to accept manifests of up to 4 MiB.
_DOCUMENT_LIMIT = 4 << 20


class Repository:
    """One repository of one registry. Verifies everything it returns by its digest."""

    def __init__(self, reference: ImageReference, credentials: Credentials | None, *, pause: float = 1.0) -> None:
        """Prepare a client without connecting.

        Args:
            reference: The image.
            credentials: Credentials; None for anonymous access.
            pause: Seconds before the first retry, doubled with each further one.
        """
        self._reference = reference
        self._credentials = credentials
        self._session = requests.Session()
        # Ignore the registry's Retry-After: its pull limit lasts for hours, and waiting would only hide the reason.
        retry = Retry(
            total=4,
            backoff_factor=pause,
            status_forcelist=(429, 500, 502, 503, 504),
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))
        # Digests are of stored content, not of content decompressed on the way.
        self._session.headers.update({"User-Agent": "cdk-tensorflow", "Accept-Encoding": "identity"})
        self._session.auth = _unsigned
        self._session.trust_env = not reference.is_local  # A proxy is not for this machine.

    def manifest(self, tag_or_digest: str) -> tuple[bytes, str, str]:
        """Return a manifest's text, its media type and its digest.

        Args:
            tag_or_digest: A tag or a digest.
        """
        with self._get(f"manifests/{tag_or_digest}", {"Accept": ACCEPT}) as response:
            content = _limited(response)
            media_type = response.headers.get("Content-Type", "")
            promised = response.headers.get("Docker-Content-Digest")
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        expected = tag_or_digest if ":" in tag_or_digest else promised
        if expected and expected.startswith("sha256:") and expected != digest:
            raise damaged(self._reference, "the manifest", f"its digest is {digest}, and {expected} was asked for")
        return content, media_type, digest

    def document(self, descriptor: Descriptor) -> bytes:
        """Return a small blob."""
        with self._get(f"blobs/{descriptor.digest}") as response:
            content = _limited(response)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if digest != descriptor.digest:
            raise damaged(self._reference, "the configuration", f"its digest is {digest}, not {descriptor.digest}")
        return content

    def download(self, descriptor: Descriptor, target: Path) -> None:
        """Download a blob to a file, with retries for interrupted or damaged downloads."""
        problem = unreachable(self._reference, "")
        for _ in range(_DOWNLOADS):
            digest, size = hashlib.sha256(), 0
            try:
                with self._get(f"blobs/{descriptor.digest}") as response, target.open("wb") as file:
                    for chunk in response.iter_content(_CHUNK):
                        digest.update(chunk)
                        size += len(chunk)
                        if size > descriptor.size:
                            break
                        file.write(chunk)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.Timeout) as error:
                broken = f"the download broke off after {size:,} of {descriptor.size:,} bytes: {_reason(error)}"
                problem = unreachable(self._reference, broken)
                continue
            found = f"sha256:{digest.hexdigest()}"
            if size == descriptor.size and found == descriptor.digest:
                return
            arrived = f"{size} bytes with the digest {found} arrived, not {descriptor.size} with {descriptor.digest}"
            problem = damaged(self._reference, "a layer", arrived)
        target.unlink(missing_ok=True)
        raise problem

    def _get(self, path: str, headers: dict[str, str] | None = None) -> requests.Response:
        url = f"{self._reference.base_url}/{path}"
        response = self._send(url, headers=headers)
        if response.status_code == 401:
            # Not signed in yet, or the token has expired.
            self._sign_in(response)
            response = self._send(url, headers=headers)
        if response.status_code != 200:
            raise self._refused(response)
        return response

    def _sign_in(self, response: requests.Response) -> None:
        scheme, _, parameters = response.headers.get("WWW-Authenticate", "").partition(" ")
        response.close()
        if scheme.lower() == "basic" and self._credentials:
            self._session.auth = HTTPBasicAuth(self._credentials.username, self._credentials.password)
        elif scheme.lower() == "bearer":
            self._session.auth = _bearer(self._token(parse_dict_header(parameters)))

    def _token(self, challenge: dict[str, str]) -> str:
        realm = challenge.get("realm", "")
        if urlsplit(realm).scheme != "https" and not self._reference.is_local:
            raise OptimizerError(
                f"{self._reference.registry} sends to {realm!r} for a token, and that is not encrypted: nothing is sent"
            )
        asked = {
            "service": challenge.get("service", ""),
            "scope": challenge.get("scope") or f"repository:{self._reference.repository}:pull",
        }
        basic = self._credentials and HTTPBasicAuth(self._credentials.username, self._credentials.password)
        response = self._send(realm, params=asked, auth=basic or _unsigned)
        if response.status_code != 200:
            raise self._refused(response)
        with response:
            try:
                answer = response.json()
                return str(answer.get("token") or answer["access_token"])
            except (ValueError, KeyError, AttributeError) as error:
                raise OptimizerError(
                    f"{urlsplit(realm).hostname} gives no token for {self._reference.image}"
                ) from error

    def _send(self, url: str, **request: Any) -> requests.Response:
        try:
            return self._session.get(url, stream=True, timeout=_TIMEOUT, **request)
        except requests.RequestException as error:
            raise unreachable(self._reference, _reason(error)) from error

    def _refused(self, response: requests.Response) -> OptimizerError:
        with response:
            try:
                said = "; ".join(str(error["message"]) for error in response.json()["errors"])
            except (ValueError, KeyError, TypeError, requests.RequestException):
                said = ""
        return refused(self._reference, response.status_code, said[:200], signed_in=self._credentials is not None)


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Sign nothing; otherwise requests looks for passwords in ~/.netrc."""
    return request


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Sign with a token. requests drops it on a redirect to another host, as any Authorization header."""

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


def _limited(response: requests.Response) -> bytes:
    content = b""
    for chunk in response.iter_content(_CHUNK):
        content += chunk
        if len(content) > _DOCUMENT_LIMIT:
            break  # Its digest will not be what was asked for.
    return content


def _reason(error: Exception) -> str:
    """Return the root cause of wrapped errors."""
    reason = error
    while isinstance(inner := getattr(reason, "reason", None) or next(iter(reason.args), None), Exception):
        reason = inner
    return str(reason)[:200]
