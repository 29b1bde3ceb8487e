"""An asymmetric key of KMS that signs digests and verifies signatures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from botocore.exceptions import ClientError
from cdk_tensorflow_shared.signing_bundle import key_hint

from .. import aws
from ..errors import SigningKeyError

#: KMS's signing algorithm and the digest for each key spec, which `lib/optimization/artifact/signing-key.ts` has too.
_ALGORITHMS = {
    "ECC_NIST_P256": ("ECDSA_SHA_256", "sha256"),
    "ECC_NIST_P384": ("ECDSA_SHA_384", "sha384"),
    "ECC_NIST_P521": ("ECDSA_SHA_512", "sha512"),
    "RSA_2048": ("RSASSA_PKCS1_V1_5_SHA_256", "sha256"),
    "RSA_3072": ("RSASSA_PKCS1_V1_5_SHA_256", "sha256"),
    "RSA_4096": ("RSASSA_PKCS1_V1_5_SHA_256", "sha256"),
}
_INVALID = "KMSInvalidSignatureException"
#: KMS's errors that say that the key cannot be used.
_UNUSABLE = {
    "NotFoundException",
    "DisabledException",
    "KMSInvalidStateException",
    "InvalidKeyUsageException",
    "UnsupportedOperationException",
}


@dataclass(frozen=True)
class SigningKey:
    """A key, and how it signs."""

    arn: str
    hint: str
    """Identifier of the public key in signatures."""
    algorithm: str
    digest: str

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        answer = aws.kms(_region(self.arn)).sign(
            KeyId=self.arn, Message=self._digest(message), MessageType="DIGEST", SigningAlgorithm=self.algorithm
        )
        return bytes(answer["Signature"])

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Tell whether a signature of a message was made by this key."""
        try:
            answer = aws.kms(_region(self.arn)).verify(
                KeyId=self.arn,
                Message=self._digest(message),
                MessageType="DIGEST",
                Signature=signature,
                SigningAlgorithm=self.algorithm,
            )
        except ClientError as error:
            if aws.code_of(error) == _INVALID:
                return False
            raise
        return bool(answer["SignatureValid"])

    def _digest(self, message: bytes) -> bytes:
        return hashlib.new(self.digest, message).digest()


def find_signing_key(arn: str) -> SigningKey:
    """Return a key with its algorithm and its public key's hint.

    Raises:
        SigningKeyError: It cannot sign.
    """
    try:
        answer = aws.kms(_region(arn)).get_public_key(KeyId=arn)
    except ClientError as error:
        if aws.code_of(error) in _UNUSABLE:
            raise SigningKeyError(
                f"the signingKey {arn} cannot be used ({aws.sentence_of(error)}): enable it, or give an asymmetric key "
                "with the usage SIGN_VERIFY"
            ) from error
        raise
    spec, usage = answer["KeySpec"], answer["KeyUsage"]
    if usage != "SIGN_VERIFY" or spec not in _ALGORITHMS:
        raise SigningKeyError(
            f"the signingKey {arn} has the spec {spec} and the usage {usage}: give a key with the usage SIGN_VERIFY "
            f"and one of the specs {', '.join(_ALGORITHMS)}"
        )
    algorithm, digest = _ALGORITHMS[spec]
    return SigningKey(arn=arn, hint=key_hint(answer["PublicKey"]), algorithm=algorithm, digest=digest)


def _region(arn: str) -> str:
    return arn.split(":")[3]
