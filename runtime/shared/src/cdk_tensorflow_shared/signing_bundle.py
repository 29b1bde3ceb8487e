"""manifest.json.sigstore.json: a version's signature, in the format of OpenSSF Model Signing.

A Sigstore bundle without a transparency log. It contains a DSSE envelope, whose payload is an in-toto statement with
the SHA-256 of every published file, manifest.json among them, and whose subject is named after the place of the
version: `<prefix>/<format>/<version>`. `docs/security.md` describes it for users.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from .published_versions import is_object

SIGNATURE_BUNDLE = "manifest.json.sigstore.json"
MANIFEST_FILE = "manifest.json"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
_PAYLOAD_TYPE = "application/vnd.in-toto+json"
_BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


class BundleError(Exception):
    """A file is not a signature in this format."""


@dataclass(frozen=True)
class Bundle:
    """A signature, and what it signs."""

    payload: bytes
    """The statement, as it was signed."""
    signature: bytes
    hint: str
    """Identifies the public key: `key_hint`."""

    def signed_bytes(self) -> bytes:
        """Return what the key signs: DSSE's pre-authentication encoding of the payload."""
        return b"DSSEv1 %d %s %d %s" % (len(_PAYLOAD_TYPE), _PAYLOAD_TYPE.encode(), len(self.payload), self.payload)

    def signed_manifest(self) -> tuple[str, str]:
        """Return the key and the SHA-256 of the manifest that the statement names.

        Raises:
            BundleError: It is a statement about something else.
        """
        try:
            statement = json.loads(self.payload)
            if statement["predicateType"] != PREDICATE_TYPE:
                raise BundleError(f"it is a statement of the type {statement['predicateType']!r}")
            resources = statement["predicate"]["resources"]
            digests = [resource["digest"] for resource in resources if resource["name"] == MANIFEST_FILE]
            (subject,) = statement["subject"]
            place = str(subject["name"])
        except (ValueError, TypeError, KeyError) as error:
            raise BundleError("its statement cannot be read") from error
        if len(digests) != 1:
            raise BundleError("its statement names no manifest")
        return f"{place}/{MANIFEST_FILE}", str(digests[0])

    def to_json(self) -> str:
        """Return the text of the file."""
        document = {
            "mediaType": _BUNDLE_TYPE,
            "verificationMaterial": {"publicKey": {"hint": self.hint}, "tlogEntries": []},
            "dsseEnvelope": {
                "payload": _base64(self.payload),
                "payloadType": _PAYLOAD_TYPE,
                "signatures": [{"sig": _base64(self.signature), "keyid": ""}],
            },
        }
        return json.dumps(document, indent=2, sort_keys=True) + "\n"


def read_bundle(content: bytes) -> Bundle:
    """Read a signature; nothing in it is verified yet.

    Raises:
        BundleError: It has another format.
    """
    try:
        document = json.loads(content)
        envelope = document["dsseEnvelope"]
        (signature,) = envelope["signatures"]
        if envelope["payloadType"] != _PAYLOAD_TYPE:
            raise BundleError(f"its payload is of the type {envelope['payloadType']!r}")
        return Bundle(
            payload=base64.b64decode(envelope["payload"], validate=True),
            signature=base64.b64decode(signature["sig"], validate=True),
            hint=str(document["verificationMaterial"]["publicKey"]["hint"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError("it is not a Sigstore bundle") from error


def statement_of(manifest_key: str, manifest: dict[str, Any], sha256: str) -> bytes:
    """Return the statement about a version: its place, and the digests of its files and of its manifest.

    Args:
        manifest_key: The key of the manifest.
        manifest: The manifest.
        sha256: The SHA-256 of its bytes.
    """
    files = [*manifest["files"], *manifest.get("documents", [])]
    digests = {file["path"]: file["sha256"] for file in files if is_object(file["path"])} | {MANIFEST_FILE: sha256}
    ordered = sorted(digests.items())
    whole = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in ordered)).hexdigest()
    statement = {
        "_type": _STATEMENT_TYPE,
        "subject": [{"name": manifest_key.removesuffix(f"/{MANIFEST_FILE}"), "digest": {"sha256": whole}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [SIGNATURE_BUNDLE],
            },
            "resources": [{"name": name, "algorithm": "sha256", "digest": digest} for name, digest in ordered],
        },
    }
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()


def key_hint(public_key: bytes) -> str:
    """Return how a bundle identifies a key: the SHA-256 of its PEM text.

    Args:
        public_key: The key in DER form, as KMS returns it.
    """
    text = base64.b64encode(public_key).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    pem = "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])
    return hashlib.sha256(pem.encode()).hexdigest()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
