"""Issues certificates: `certificates.py DIRECTORY NAME` writes `tls.crt` and `tls.key` into the directory."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def issue(directory: Path, name: str, host: str = "localhost") -> tuple[Path, Path]:
    """Write a self-signed certificate and its key, each by one rename.

    Args:
        directory: Gets `tls.crt` and `tls.key`.
        name: Of the subject.
        host: What it is valid for, beside this machine's address where that is localhost.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(host)]
    if host == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    certificate = (
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


if __name__ == "__main__":
    issue(Path(sys.argv[1]), sys.argv[2])
