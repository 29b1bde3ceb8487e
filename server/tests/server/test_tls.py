from __future__ import annotations

import json
import ssl
import threading
import time
from typing import TYPE_CHECKING

import grpc
import pytest
import requests
from certificates import issue
from fake_aws import FakeAws, use
from program import start_fails

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from program import Server

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:digits/tls-a1b2c3"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    with FakeAws() as fake:
        use(monkeypatch, fake)
        yield fake


def value_of(certificate: Path, key: Path) -> str:
    return json.dumps({"certificate": certificate.read_text(), "privateKey": key.read_text()})


def served(server: Server) -> str:
    """Return the certificate of a new connection, as PEM."""
    return ssl.get_server_certificate(("localhost", server.rest_port))


@pytest.fixture
def secure(start: Callable[..., Server], tmp_path: Path) -> Callable[..., Server]:
    def begin(certificate: Path, key: Path, *flags: str) -> Server:
        server = start("times", 1, f"--tls_certificate_file={certificate}", f"--tls_key_file={key}", *flags)
        server.url = server.url.replace("http:", "https:")
        return server

    return begin


def test_both_ports_speak_tls_only(secure: Callable[..., Server], tmp_path: Path) -> None:
    certificate, key = issue(tmp_path, "first")
    with secure(certificate, key) as server:
        assert server.get("/v1/models/times", verify=str(certificate)).status_code == 200
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://localhost:{server.rest_port}/livez", timeout=60)
        credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
        with grpc.secure_channel(f"localhost:{server.grpc_port}", credentials) as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check", lambda _: b"", lambda answer: answer)
            assert check(None, timeout=60) == b"\x08\x01"


@pytest.mark.fault
def test_a_new_certificate_is_served_and_a_broken_one_is_not(secure: Callable[..., Server], tmp_path: Path) -> None:
    certificate, key = issue(tmp_path, "first")
    with secure(certificate, key) as server, requests.Session() as kept:
        trusted = tmp_path / "first.crt"
        trusted.write_text(certificate.read_text())
        assert kept.get(f"{server.url}/livez", verify=str(trusted), timeout=60).status_code == 200
        first = served(server)
        issue(tmp_path, "second")
        server.wait_until(lambda: served(server) == certificate.read_text())
        assert served(server) != first
        still = kept.get(f"{server.url}/livez", verify=str(trusted), timeout=60)
        assert still.status_code == 200, "an open connection stays"
        second = served(server)
        certificate.write_text("broken")
        server.wait_until(lambda: server.says("the new certificate is not used"))
        assert served(server) == second
        issue(tmp_path, "third")
        server.wait_until(lambda: served(server) == certificate.read_text())


@pytest.mark.fault
def test_a_secret_gives_the_certificate_and_its_next_value_serves_new_connections(
    aws: FakeAws, start: Callable[..., Server], tmp_path: Path
) -> None:
    certificate, key = issue(tmp_path, "first")
    aws.secret = value_of(certificate, key)
    with start("times", 1, f"--tls_secret_arn={SECRET}", "--tls_secret_refresh_in_seconds=1") as server:
        server.url = server.url.replace("http:", "https:")
        assert server.get("/v1/models/times", verify=str(certificate)).status_code == 200
        assert served(server) == certificate.read_text()
        assert aws.calls[0] == {"target": "secretsmanager.GetSecretValue", "SecretId": SECRET}
        assert "/eu-west-1/secretsmanager/aws4_request" in aws.authorizations[0]

        issue(tmp_path, "second")
        aws.secret = value_of(certificate, key)
        server.wait_until(lambda: served(server) == certificate.read_text())

        for broken, message in (
            (None, "not authorized: secretsmanager:GetSecretValue"),
            ('{"password": "open sesame"}', "must be JSON with the members certificate and privateKey"),
            (json.dumps({"certificate": "open sesame", "privateKey": "open sesame"}), "there is no certificate as PEM"),
        ):
            aws.secret = broken
            server.wait_until(lambda message=message: message in json.dumps(server.log))
        assert served(server) == certificate.read_text()
        assert "open sesame" not in json.dumps(server.log)


def test_a_secret_that_cannot_be_read_yet_delays_the_start(
    aws: FakeAws, start: Callable[..., Server], tmp_path: Path
) -> None:
    value = value_of(*issue(tmp_path, "first"))

    def later() -> None:
        while not aws.calls:
            time.sleep(0.01)
        aws.secret = value

    allowing = threading.Thread(target=later)
    allowing.start()
    with start("times", 1, f"--tls_secret_arn={SECRET}") as server:
        allowing.join()
        assert served(server) == (tmp_path / "tls.crt").read_text()
        assert len(aws.calls) == 2


def test_a_key_of_another_certificate_is_refused(command: list[str], models: Path, tmp_path: Path) -> None:
    certificate, _ = issue(tmp_path, "first")
    (tmp_path / "other").mkdir()
    _, key = issue(tmp_path / "other", "other")
    model = ["--model_name=times", f"--model_base_path={models / 'times'}", "--model_version=1"]
    tls = [f"--tls_certificate_file={certificate}", f"--tls_key_file={key}"]
    assert "cannot be used" in start_fails(command, [*model, *tls])
    assert "cannot read" in start_fails(command, [*model, tls[0], "--tls_key_file=/nope"])
