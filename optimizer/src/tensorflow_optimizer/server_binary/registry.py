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
from .errors import damaged, rate_limited, refused, unreachable
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

    def __init__(
        self,
        reference: ImageReference,
        credentials: Credentials | None,
        *,
        pause: float = 1.0,
        mirror: ImageReference | None = None,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Prepare a client without connecting.

        Args:
            reference: The image.
            credentials: Credentials; None for anonymous access. A mirror never gets them.
            pause: Seconds before the first retry, doubled with each further one.
            mirror: The same repository of a mirror. Once the registry refuses more downloads (429), the mirror is asked
                instead, by digests only; None if there is none, and the registry is asked again.
            log: Receives a line when the mirror takes over.
        """
        self._reference = reference
        self._credentials = credentials
        self._pause = pause
        self._mirror_reference = mirror
        self._mirror: Repository | None = None
        self._log = log
        self._session = requests.Session()
        # Ignore the registry's Retry-After: a pull limit lasts for hours, and waiting would only hide the reason.
        # Registries without a mirror answer 429 to bursts too, which a retry gets past.
        retry = Retry(
            total=4,
            backoff_factor=pause,
            status_forcelist=(*(() if mirror else (429,)), 500, 502, 503, 504),
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
        tag_or_digest = self._digest_of(tag_or_digest)
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
            computed = f"sha256:{digest.hexdigest()}"
            if size == descriptor.size and computed == descriptor.digest:
                return
            arrived = f"{size} bytes with the digest {computed} arrived, not {descriptor.size} with {descriptor.digest}"
            problem = damaged(self._reference, "a layer", arrived)
        target.unlink(missing_ok=True)
        raise problem

    def _digest_of(self, tag_or_digest: str) -> str:
        """Return a tag's digest if a mirror may be needed: its tags are not compared with anything.

        Docker Hub does not count a HEAD request as a pull.
        """
        if ":" in tag_or_digest or self._mirror_reference is None or self._mirror:
            return tag_or_digest
        with self._get(f"manifests/{tag_or_digest}", {"Accept": ACCEPT}, method="HEAD") as response:
            promised: str = response.headers.get("Docker-Content-Digest", "")
        return promised if promised.startswith("sha256:") else tag_or_digest

    def _get(self, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> requests.Response:
        if self._mirror:
            return self._mirror._get(path, headers, method)
        url = f"{self._reference.base_url}/{path}"
        response = self._send(url, method, headers=headers)
        if response.status_code == 401:
            # Not signed in yet, or the token has expired.
            refusal = self._sign_in(response)
            # An answer with an error's status is false.
            response = self._send(url, method, headers=headers) if refusal is None else refusal
        if response.status_code == 429 and self._mirror_reference:
            return self._from_mirror(self._mirror_reference, response, path, headers, method)
        if response.status_code != 200:
            raise self._refused(response)
        return response

    def _from_mirror(
        self,
        mirror: ImageReference,
        response: requests.Response,
        path: str,
        headers: dict[str, str] | None,
        method: str,
    ) -> requests.Response:
        """Ask the mirror for what the registry refuses, and for all that follows."""
        said = _said(response)
        if ":" not in path:  # A tag.
            why = f"its mirror {mirror.registry} is asked by digests only, and {self._reference.image} has none"
            raise rate_limited(self._reference, said, why)
        repository = Repository(mirror, None, pause=self._pause)
        try:
            answer = repository._get(path, headers, method)
        except OptimizerError as error:
            raise rate_limited(self._reference, said, f"its mirror does not help: {error}") from error
        self._log(f"{self._reference.registry} refuses more downloads for now: {mirror.registry} has the same digests")
        self._mirror = repository
        return answer

    def _sign_in(self, response: requests.Response) -> requests.Response | None:
        """Sign in as the registry asks, and return its refusal of a token; None if there was none."""
        scheme, _, parameters = response.headers.get("WWW-Authenticate", "").partition(" ")
        response.close()
        if scheme.lower() == "basic" and self._credentials:
            self._session.auth = HTTPBasicAuth(self._credentials.username, self._credentials.password)
        elif scheme.lower() == "bearer":
            answer = self._ask_for_token(parse_dict_header(parameters))
            if answer.status_code != 200:
                return answer
            self._session.auth = _bearer(self._token(answer))
        return None

    def _ask_for_token(self, challenge: dict[str, str]) -> requests.Response:
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
        return self._send(realm, params=asked, auth=basic or _unsigned)

    def _token(self, response: requests.Response) -> str:
        with response:
            try:
                answer = response.json()
                return str(answer.get("token") or answer["access_token"])
            except (ValueError, KeyError, AttributeError) as error:
                host = urlsplit(response.url).hostname
                raise OptimizerError(f"{host} gives no token for {self._reference.image}") from error

    def _send(self, url: str, method: str = "GET", **request: Any) -> requests.Response:
        try:
            return self._session.request(method, url, stream=True, timeout=_TIMEOUT, **request)
        except requests.RequestException as error:
            raise unreachable(self._reference, _reason(error)) from error

    def _refused(self, response: requests.Response) -> OptimizerError:
        signed_in = self._credentials is not None
        return refused(self._reference, response.status_code, _said(response), signed_in=signed_in)


def _said(response: requests.Response) -> str:
    """Return the registry's own words for an error, and close its answer."""
    with response:
        try:
            return "; ".join(str(error["message"]) for error in response.json()["errors"])[:200]
        except (ValueError, KeyError, TypeError, requests.RequestException):
            return ""


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
