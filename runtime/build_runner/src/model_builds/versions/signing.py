"""Signs the manifests of published versions, and refuses manifests that a key has not signed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cdk_tensorflow_shared.signing_bundle import SIGNATURE_BUNDLE, Bundle, BundleError, read_bundle, statement_of

from ..errors import SignatureError
from ..store import Store
from .manifests import read_manifest
from .records import is_marked
from .signing_key import find_signing_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from .signing_key import SigningKey


def signs_unsigned(properties: dict[str, Any]) -> bool:
    """Tell whether a version without a signature is signed as it is."""
    return properties.get("UnsignedVersions") == "SIGN"


def ensure_signed(
    properties: dict[str, Any],
    record: dict[str, str],
    is_rollback: Callable[[], bool] = lambda: False,
    *,
    is_new: bool = False,
) -> None:
    """Sign the manifest of a version if it may be signed, and require the signature of the deployment's key.

    Nothing is required without a key.

    Args:
        properties: Properties of the resource: Bucket, Job, and optionally SigningKey, an ARN, and UnsignedVersions.
        record: The version's record.
        is_rollback: Tells whether the stack returns to what it served.
        is_new: A build of this deployment has just made the version.
    """
    arn = properties.get("SigningKey")
    if not arn:
        return
    store, key = Store(properties["Bucket"]), find_signing_key(arn)
    manifest_key = record["ManifestKey"]
    manifest, sha256 = read_manifest(store, manifest_key, record["ManifestSha256"], is_rollback)
    _refuse_other_model(store.address(manifest_key), manifest, properties)
    if (is_new or signs_unsigned(properties)) and not store.exists(_signature_key(manifest_key)):
        _refuse_unmarked(store.address(manifest_key), record)
        _sign(store, manifest_key, statement_of(manifest_key, manifest, sha256), key)
    _verify(store, manifest_key, sha256, key)


def verify_signature(store: Store, manifest_key: str, sha256: str, arn: str) -> None:
    """Fail with one sentence if a key has not signed a manifest.

    Args:
        store: The model's bucket.
        manifest_key: Key of the manifest in it.
        sha256: SHA-256 of its bytes.
        arn: ARN of the signing key.
    """
    _verify(store, manifest_key, sha256, find_signing_key(arn))


def _refuse_unmarked(address: str, record: dict[str, str]) -> None:
    if not is_marked(record):
        raise SignatureError(
            f"the model {address} is not signed: its record has no mark of success, because its build failed, it was "
            "copied without its record, or it was published before records had marks; publish the model again, which "
            "a change of the recipe or of the model does"
        )


def _refuse_other_model(address: str, manifest: dict[str, Any], properties: dict[str, Any]) -> None:
    model = json.loads(properties["Job"])["model"]
    if manifest.get("model") != model:
        raise SignatureError(
            f"the manifest {address} is of the model {manifest.get('model')!r}, and {model!r} is deployed here: "
            "publish the model again"
        )


def _sign(store: Store, manifest_key: str, statement: bytes, key: SigningKey) -> None:
    unsigned = Bundle(payload=statement, signature=b"", hint=key.hint)
    bundle = Bundle(payload=statement, signature=key.sign(unsigned.signed_bytes()), hint=key.hint)
    # Another request may have signed it meanwhile. That signature stays, and is verified next.
    store.create(_signature_key(manifest_key), bundle.to_json())
    print(f"{store.address(manifest_key)} is signed with {key.arn}")


def _verify(store: Store, manifest_key: str, sha256: str, key: SigningKey) -> None:
    where = store.address(_signature_key(manifest_key))
    content = store.read(_signature_key(manifest_key))
    if content is None:
        raise SignatureError(
            f"the model {store.address(manifest_key)} has no signature {where}, and signingKey asks for one: it was "
            "published before the key was given, or somebody has deleted the signature; publish the model again, or "
            "sign it as it is with unsignedVersions: UnsignedVersions.SIGN of its ModelOptimizer"
        )
    try:
        bundle = read_bundle(content)
        problem = _problem(bundle, manifest_key, sha256, key)
    except BundleError as error:
        problem = str(error)
    if problem:
        raise SignatureError(
            f"the signature {where} is not the signingKey's: {problem}; nothing is served that {key.arn} has not "
            "signed: restore the signature that was published, or publish the model again"
        )


def _problem(bundle: Bundle, manifest_key: str, sha256: str, key: SigningKey) -> str:
    """Return what is wrong with a signature; empty if nothing is."""
    if bundle.hint != key.hint:
        return f"another key made it (its hint is {bundle.hint[:16]}…, and that of this key {key.hint[:16]}…)"
    if not key.has_signed(bundle.signed_bytes(), bundle.signature):
        return "signature and statement do not belong together"
    signed_key, signed = bundle.signed_manifest()
    if signed != sha256:
        return f"it signs a manifest with the SHA-256 {signed}, and this one has {sha256}"
    # Elsewhere it would be served in place of another model, or of a newer version.
    return "" if signed_key == manifest_key else f"it signs {signed_key}, and was moved from there"


def _signature_key(manifest_key: str) -> str:
    return manifest_key.removesuffix("manifest.json") + SIGNATURE_BUNDLE
