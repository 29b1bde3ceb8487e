from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
from typing import TYPE_CHECKING

import grpc
import pytest
import requests
from program import start_fails

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.x509 import Certificate
    from program import Server


def issue(directory: Path, name: str) -> tuple[Path, Path]:
    """Write a self-signed certificate of localhost and its key, each by one rename."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate: Certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files = directory / "tls.crt", directory / "tls.key"
    contents = certificate.public_bytes(serialization.Encoding.PEM), private
    for file, content in zip(files, contents, strict=True):
        (directory / "new").write_bytes(content)
        os.replace(directory / "new", file)  # noqa: PTH105 - as a kubelet does it
    return files


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


@pytest.mark.fault(
    "a renewed certificate is broken",
    sees="a line in the log",
    serves="the server, with the certificate before",
)
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


def test_clients_without_a_required_certificate_are_refused(secure: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "client").mkdir()
    certificate, key = issue(tmp_path / "server", "server")
    client, client_key = issue(tmp_path / "client", "client")
    server = secure(certificate, key, f"--tls_client_ca_file={client}")
    with server:
        with pytest.raises(requests.ConnectionError):
            server.get("/livez", verify=str(certificate))
        assert server.get("/livez", verify=str(certificate), cert=(str(client), str(client_key))).status_code == 200


def test_a_key_of_another_certificate_is_refused(command: list[str], models: Path, tmp_path: Path) -> None:
    certificate, _ = issue(tmp_path, "first")
    (tmp_path / "other").mkdir()
    _, key = issue(tmp_path / "other", "other")
    model = ["--model_name=times", f"--model_base_path={models / 'times'}", "--model_version=1"]
    tls = [f"--tls_certificate_file={certificate}", f"--tls_key_file={key}"]
    assert "cannot be used" in start_fails(command, [*model, *tls])
    assert "cannot read" in start_fails(command, [*model, tls[0], "--tls_key_file=/nope"])
