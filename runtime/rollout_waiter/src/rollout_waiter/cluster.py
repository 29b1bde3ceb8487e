"""Reads a cluster's Kubernetes API, as the function's role."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlencode

import boto3
from botocore.signers import RequestSigner

#: Age at which a token is replaced: EKS accepts it for 15 minutes, and a wait may take as long.
_TOKEN_SECONDS = 600
_REQUEST_SECONDS = 15
#: Bytes of a log to read: enough for the lines that a message has room for, also long ones.
_LOG_BYTES = 16_384


class ClusterError(Exception):
    """The API server refused a request, or could not be reached."""


class Cluster:
    """Read access to a cluster's Kubernetes API."""

    def __init__(self, name: str) -> None:
        """Create a client, which connects at its first request."""
        self._name = name
        self._session = boto3.session.Session()
        self._address = ""
        self._context: ssl.SSLContext | None = None
        self._token = ""
        self._token_until = 0.0

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return the items of a list.

        Raises:
            ClusterError: It could not be read.
        """
        return list(json.loads(self._get(path, query)).get("items") or [])

    def find(self, path: str) -> dict[str, Any] | None:
        """Return an object, or None if there is none.

        Raises:
            ClusterError: It could not be read.
        """
        try:
            answer: dict[str, Any] = json.loads(self._get(path, {}))
        except FileNotFoundError:
            return None
        return answer

    def log(self, namespace: str, pod: str, container: str, *, previous: bool) -> str:
        """Return the last lines of a container's log; empty if there are none, or if they cannot be read."""
        path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/log"
        query = {"container": container, "tailLines": "40", "limitBytes": str(_LOG_BYTES)}
        try:
            return self._get(path, query | ({"previous": "true"} if previous else {}))
        except (ClusterError, FileNotFoundError):
            return ""

    def page(self, path: str) -> str:
        """Return what is at a path, such as what a pod answers.

        Raises:
            ClusterError: It could not be read.
        """
        try:
            return self._get(path, {})
        except FileNotFoundError as error:
            raise ClusterError(f"the API server answered 404 for {path}") from error

    def _get(self, path: str, query: dict[str, str]) -> str:
        self._connect()
        address = f"{self._address}{path}" + (f"?{urlencode(query)}" if query else "")
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {self._token}"})  # noqa: S310 - https
        try:
            with urllib.request.urlopen(request, timeout=_REQUEST_SECONDS, context=self._context) as answer:  # noqa: S310 - the cluster's own URL
                return str(answer.read().decode("utf-8", errors="replace"))
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise FileNotFoundError(path) from error
            raise ClusterError(f"the API server answered {error.code} for {path}: {_words(error)}") from error
        except (OSError, http.client.HTTPException) as error:
            raise ClusterError(f"the API server {self._address} was not reached: {error}") from error

    def _connect(self) -> None:
        if not self._address:
            cluster = self._session.client("eks").describe_cluster(name=self._name)["cluster"]
            context = ssl.create_default_context(
                cadata=base64.b64decode(cluster["certificateAuthority"]["data"]).decode()
            )
            # The certificates of EKS lack a field that Python 3.13 asks for.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            self._context, self._address = context, cluster["endpoint"]
        if time.monotonic() >= self._token_until:
            self._token = self._new_token()
            self._token_until = time.monotonic() + _TOKEN_SECONDS

    def _new_token(self) -> str:
        """Return a token as `aws eks get-token` makes it: a signed request to STS, which EKS sends."""
        credentials = self._session.get_credentials()
        if credentials is None:
            raise ClusterError("the function has no credentials")
        sts = self._session.client("sts", region_name=self._session.region_name)
        signer = RequestSigner(
            sts.meta.service_model.service_id,
            self._session.region_name,
            "sts",
            "v4",
            credentials,
            self._session.events,
        )
        request = {
            "method": "GET",
            "url": f"{sts.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {"x-k8s-aws-id": self._name},
            "context": {},
        }
        url = signer.generate_presigned_url(
            request, region_name=self._session.region_name, expires_in=60, operation_name=""
        )
        return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _words(error: urllib.error.HTTPError) -> str:
    body = error.read(2000).decode("utf-8", errors="replace")
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body[:200]
