"""Stands in for Firehose, Secrets Manager, and for what gives a server credentials."""

from __future__ import annotations

import base64
import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from loopback import Loopback, Quiet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

CREDENTIALS = {
    "Code": "Success",
    "AccessKeyId": "AKIDEXAMPLE",
    "SecretAccessKey": "secret",
    "Token": "session",
    "Expiration": "2099-01-01T00:00:00Z",
}


class FakeAws(Loopback):
    """Keeps what Firehose is sent, and gives the value of the only secret; without one it denies access.

    Args:
        answer: Gives the status and the answer to a call by its number; by default every record is taken.
        certificate: Certificate and key of localhost, for TLS.
    """

    def __init__(
        self,
        answer: Callable[[int, list[Any]], tuple[int, dict[str, Any]]] | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.calls: list[dict[str, Any]] = []
        self.secret: str | None = None
        self.authorizations: list[str] = []
        self.asked: list[tuple[str, str, str]] = []
        self._answer = answer or (lambda _, records: taken(records))
        fake = self

        class Answers(Quiet, BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                fake.asked.append(("PUT", self.path, ""))
                self._send(200, b"imds-token", ttl=self.headers["x-aws-ec2-metadata-token-ttl-seconds"])

            def do_GET(self) -> None:
                token = self.headers.get("Authorization") or self.headers.get("x-aws-ec2-metadata-token") or ""
                fake.asked.append(("GET", self.path, token))
                is_list = self.path.endswith("/security-credentials/")
                self._send(200, b"instance" if is_list else json.dumps(CREDENTIALS).encode())

            def do_POST(self) -> None:
                call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.calls.append({"target": self.headers["X-Amz-Target"], **call})
                fake.authorizations.append(self.headers["Authorization"])
                if self.headers["X-Amz-Target"] == "secretsmanager.GetSecretValue":
                    status, answer = fake._secret_value()
                else:
                    status, answer = fake._answer(len(fake.calls), call["Records"])
                self._send(status, json.dumps(answer).encode())

            def _send(self, status: int, body: bytes, ttl: str | None = None) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if ttl:
                    self.send_header("x-aws-ec2-metadata-token-ttl-seconds", ttl)
                self.end_headers()
                self.wfile.write(body)

        super().__init__(Answers, certificate)

    def _secret_value(self) -> tuple[int, dict[str, Any]]:
        if self.secret is None:
            return 400, {"__type": "AccessDeniedException", "Message": "not authorized: secretsmanager:GetSecretValue"}
        return 200, {"SecretString": self.secret}

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of all records of all calls, in their order."""
        records = [base64.b64decode(record["Data"]).decode() for call in self.calls for record in call["Records"]]
        assert all(record.endswith("\n") for record in records)
        return [json.loads(line) for record in records for line in record.splitlines()]


def use(monkeypatch: pytest.MonkeyPatch, fake: FakeAws) -> None:
    """Let programs call it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", fake.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def taken(records: list[Any]) -> tuple[int, dict[str, Any]]:
    """Answer that all records are taken."""
    return 200, {"FailedPutCount": 0, "RequestResponses": [{"RecordId": "id"} for _ in records]}


def refused(records: list[Any]) -> tuple[int, dict[str, Any]]:
    """Answer that no record is taken."""
    problem = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}
    return 200, {"FailedPutCount": len(records), "RequestResponses": [problem for _ in records]}
