"""The public half of a key that signs models, read from a PEM file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from ..errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path

#: The digest that a key of each curve signs.
_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "secp256r1": hashes.SHA256,
    "secp384r1": hashes.SHA384,
    "secp521r1": hashes.SHA512,
}


class PublicKey:
    """Verifies signatures without a network."""

    def __init__(self, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> None:
        self._key = key
        pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.hint = hashlib.sha256(pem).hexdigest()
        """Identifies the key in signatures."""

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Tell whether a signature of a message was made by this key."""
        try:
            if isinstance(self._key, rsa.RSAPublicKey):
                self._key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            else:
                self._key.verify(signature, message, ec.ECDSA(_DIGESTS[self._key.curve.name]()))
        except InvalidSignature:
            return False
        return True


def read_public_key(path: Path) -> PublicKey:
    """Read a key.

    Raises:
        BadInputError: It is no public key that signs models.
    """
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadInputError(
            f"{path} is not a public key in PEM form: write KMS's GetPublicKey to it, with "
            "`openssl pkey -pubin -inform DER`"
        ) from error
    if isinstance(key, rsa.RSAPublicKey):
        return PublicKey(key)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _DIGESTS:
        return PublicKey(key)
    raise BadInputError(
        f"{path} is a key of another kind: models are signed with NIST's curves P-256, P-384, P-521, or RSA"
    )
