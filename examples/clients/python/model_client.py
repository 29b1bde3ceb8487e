"""Asks a model by TensorFlow Serving's REST API, on AWS Lambda, Amazon EKS and Amazon EC2 alike.

ModelClient("https://….lambda-url.eu-west-1.on.aws", "digits").predict([image])
ModelClient("http://HOST:8501", "digits").predict([image])
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import OpenerDirector, Request, build_opener

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session

_FUNCTION_URL = re.compile(r"\.lambda-url\.([a-z0-9-]+)\.on\.aws$")
_TIMEOUT_SECONDS = 60


class ModelError(Exception):
    """The model rejected the request, or did not answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ModelClient:
    """A model at one address."""

    def __init__(self, url: str, model: str, opener: OpenerDirector | None = None) -> None:
        """Remember where the model answers.

        Args:
            url: A function URL, or http://HOST:8501 of a service or a fleet: nothing else differs between the three.
            model: The name in /v1/models/<name>.
            opener: What sends requests; urllib's own by default.
        """
        self._base = f"{url.rstrip('/')}/v1/models/{model}"
        self._opener = opener or build_opener()
        region = _FUNCTION_URL.search(urlsplit(url).hostname or "")
        self._region = region.group(1) if region else None

    def predict(self, instances: list[Any]) -> list[Any]:
        """Return one prediction for each instance.

        Raises:
            ModelError: the model refuses the request, or does not answer it.
        """
        predictions: list[Any] = self._request("POST", ":predict", {"instances": instances})["predictions"]
        return predictions

    def metadata(self) -> dict[str, Any]:
        """Return signatures with the names, types and shapes of their inputs and outputs."""
        return self._request("GET", "/metadata")

    def _request(self, method: str, verb: str, body: Any = None) -> dict[str, Any]:
        url = self._base + verb
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers(method, url, data)
        try:
            request = Request(url, data, headers, method=method)  # noqa: S310 - the user's own address
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                content: dict[str, Any] = json.load(answer)
                return content
        except HTTPError as error:
            raise ModelError(error.code, _error_of(error.read())) from error

    def _headers(self, method: str, url: str, data: bytes | None) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self._region is None:
            return headers
        request = AWSRequest(method, url, headers, data)
        # Credentials as boto3 finds them: environment, profile, role of the task or the instance.
        SigV4Auth(Session().get_credentials(), "lambda", self._region).add_auth(request)
        return dict(request.headers.items())


def _error_of(content: bytes) -> str:
    try:
        answer = json.loads(content)
        return str(answer.get("error") or answer["Message"])  # the model's, Lambda's own
    except (ValueError, KeyError, AttributeError):
        return content.decode(errors="replace")
