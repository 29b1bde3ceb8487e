"""The certificates and keys of a control plane, made by openssl."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SUBJECTS = {"apiserver": "/CN=kube-apiserver", "admin": "/O=system:masters/CN=admin"}


def make_certificates(directory: Path, addresses: Sequence[str] = (), more: Mapping[str, str] | None = None) -> None:
    """Make an authority, what the API server and its administrator show, and the key pair of service accounts.

    Args:
        directory: gets ca.crt, and a .crt and .key of apiserver and admin, and accounts.key and .pub; made.
        addresses: further ones of the API server.
        more: the subjects of further certificates by the name of their files.
    """
    directory.mkdir(parents=True)
    names = ["IP:127.0.0.1", "DNS:localhost", "IP:10.96.0.1", *(f"IP:{address}" for address in addresses)]
    (directory / "names").write_text(f"subjectAltName={','.join(names)}\nauthorityKeyIdentifier=keyid\n")

    def openssl(command: str, *more: str) -> None:
        subprocess.run(  # noqa: S603 - our own arguments
            ["openssl", *command.split(), *more],  # noqa: S607 - of the PATH
            cwd=directory,
            check=True,
            capture_output=True,
        )

    openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=embedded-aws -addext",
        "keyUsage=critical,keyCertSign",
    )
    for name, subject in {**_SUBJECTS, **(more or {})}.items():
        openssl(f"req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj {subject}")
        signer = "-CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names"
        openssl(f"x509 -req -in {name}.csr -out {name}.crt {signer}")
    openssl("genrsa -out accounts.key 2048")
    openssl("rsa -in accounts.key -pubout -out accounts.pub")
