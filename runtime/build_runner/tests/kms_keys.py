# ruff: noqa: N803 - the names of boto3's arguments
"""KMS's asymmetric keys, with real cryptography: moto neither tells a key's spec nor signs digests as KMS does."""

from __future__ import annotations

import uuid
from typing import Any

from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

_CURVES: dict[str, Any] = {
    "ECC_NIST_P256": ec.SECP256R1,
    "ECC_NIST_P384": ec.SECP384R1,
    "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}
_DIGESTS = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}


class Kms:
    """The requests of KMS that signing needs, and its errors."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[Any, str, str]] = {}
        self.requests: list[str] = []

    def create(self, spec: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY") -> str:
        """Make a key and return its ARN."""
        key = rsa.generate_private_key(65537, int(spec[4:])) if spec.startswith("RSA_") else None
        arn = f"arn:aws:kms:eu-west-1:111122223333:key/{uuid.uuid4()}"
        self._keys[arn] = (key or ec.generate_private_key(_CURVES[spec]()), spec, usage)
        return arn

    def delete(self, arn: str) -> None:
        del self._keys[arn]

    def get_public_key(self, KeyId: str) -> dict[str, Any]:
        key, spec, usage = self._find(KeyId, "GetPublicKey")
        der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return {"PublicKey": der, "KeySpec": spec, "KeyUsage": usage}

    def sign(self, *, KeyId: str, Message: bytes, MessageType: str, SigningAlgorithm: str) -> dict[str, Any]:
        key, *_ = self._find(KeyId, "Sign")
        return {"Signature": key.sign(Message, *_how(Message, MessageType, SigningAlgorithm))}

    def verify(
        self,
        *,
        KeyId: str,
        Message: bytes,
        MessageType: str,
        Signature: bytes,
        SigningAlgorithm: str,
    ) -> dict[str, Any]:
        key, *_ = self._find(KeyId, "Verify")
        try:
            key.public_key().verify(Signature, Message, *_how(Message, MessageType, SigningAlgorithm))
        except InvalidSignature as error:
            raise _error("Verify", "KMSInvalidSignatureException", "") from error
        return {"SignatureValid": True}

    def _find(self, arn: str, request: str) -> tuple[Any, str, str]:
        self.requests.append(request)
        if arn not in self._keys:
            raise _error(request, "NotFoundException", f"Key '{arn}' does not exist")
        return self._keys[arn]


def _how(message: bytes, message_type: str, algorithm: str) -> list[Any]:
    assert message_type == "DIGEST"
    digest = _DIGESTS[algorithm[-3:]]()
    assert len(message) == digest.digest_size
    prehashed = utils.Prehashed(digest)
    if algorithm.startswith("RSASSA_PKCS1_V1_5_"):
        return [padding.PKCS1v15(), prehashed]
    assert algorithm.startswith("ECDSA_")
    return [ec.ECDSA(prehashed)]


def _error(request: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, request)
