"""Compares a published version with its manifest, and the manifest with its signature."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from cdk_tensorflow_shared.published_versions import is_object
from cdk_tensorflow_shared.signing_bundle import MANIFEST_FILE, SIGNATURE_BUNDLE, BundleError, read_bundle
from pydantic import ValidationError

from ..documents.bill_of_materials import BOM_FILE, BillOfMaterials
from ..documents.document import problems_of, sha256_of
from ..documents.manifest import Manifest
from ..documents.provenance import PROVENANCE_FILE, Statement
from ..errors import BadInputError
from ..sources.digest import file_digest

if TYPE_CHECKING:
    from pathlib import Path

    from .artifact import Artifact
    from .public_key import PublicKey

Parsed = TypeVar("Parsed", BillOfMaterials, Statement)

_CHUNK = 1 << 20


@dataclass
class Verification:
    """Findings of a verification."""

    manifest: Manifest
    files: int = 0
    """Number of files that are as the manifest says."""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Sentences about what could not be verified."""
    signed_by: str | None = None
    """The hint of the key that has signed the manifest."""


def verify(artifact: Artifact, public_key: PublicKey | None) -> Verification:
    """Verify a version, and return every problem.

    Args:
        artifact: The version.
        public_key: The key that must have signed the manifest; None if any or none may have.

    Raises:
        BadInputError: The manifest cannot be read.
    """
    text = _read(artifact, MANIFEST_FILE)
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise BadInputError(
            f"{artifact.address(MANIFEST_FILE)} is not a manifest of this version of the optimizer "
            f"({problems_of(error)[:300]}): verify it with the optimizer that made it"
        ) from error
    verification = Verification(manifest)
    names = set(artifact.names())
    _verify_files(artifact, names, verification)
    if manifest.server is not None:
        _verify_shared(artifact, manifest.server.key, manifest.server.sha256, "server program", verification)
    if manifest.golden_sha256 is not None:
        prefix = artifact.place and artifact.place.rsplit("/", 2)[0]
        _verify_shared(
            artifact,
            f"{prefix or '…'}/golden/{manifest.version}.json",
            manifest.golden_sha256,
            "golden requests",
            verification,
        )
    _verify_documents(artifact, names, verification)
    _verify_signature(artifact, names, sha256_of(text), public_key, verification)
    return verification


def _verify_files(artifact: Artifact, names: set[str], verification: Verification) -> None:
    files = [*verification.manifest.files, *verification.manifest.documents]
    for file in files:
        outer, _, inner = (file.path, "", "") if is_object(file.path) else file.path.partition("!/")
        if outer not in names:
            if not inner:  # else its archive is reported
                verification.problems.append(f"{outer} is missing")
            continue
        with artifact.open(outer) as path:
            actual = _inside(path, inner) if inner else (path.stat().st_size, file_digest(path))
        if actual is None:
            verification.problems.append(f"{file.path} is missing")
        elif actual != (file.size, file.sha256):
            verification.problems.append(
                f"{file.path} has {actual[0]} bytes with the SHA-256 {actual[1]}, and the manifest says {file.size} "
                f"bytes with {file.sha256}"
            )
        else:
            verification.files += 1
    known = {file.path for file in files} | {MANIFEST_FILE, SIGNATURE_BUNDLE}
    verification.problems += [f"{name} is not in the manifest" for name in sorted(names - known)]


def _inside(archive: Path, name: str) -> tuple[int, str] | None:
    """Return the size and the SHA-256 of an entry of a ZIP; None if it has no such entry."""
    digest, size = hashlib.sha256(), 0
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(name) as entry:
            while chunk := entry.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except (KeyError, zipfile.BadZipFile):
        return None
    return size, digest.hexdigest()


def _verify_shared(artifact: Artifact, key: str, sha256: str, what: str, verification: Verification) -> None:
    try:
        with artifact.open_shared(key) as path:
            if path is None:
                verification.notes.append(f"the {what} {key} is not in this directory")
            elif file_digest(path) != sha256:
                verification.problems.append(f"{key} does not hold the {what} with the SHA-256 {sha256}")
            else:
                verification.files += 1
    except BadInputError as error:
        verification.problems.append(str(error))


def _verify_documents(artifact: Artifact, names: set[str], verification: Verification) -> None:
    listed = {file.path for file in verification.manifest.documents}
    for name in (BOM_FILE, PROVENANCE_FILE):
        if name not in listed:
            verification.notes.append(f"it was published without {name}")
    if BOM_FILE in listed & names:
        _parse(artifact, BOM_FILE, BillOfMaterials, verification)
    if PROVENANCE_FILE in listed & names:
        statement = _parse(artifact, PROVENANCE_FILE, Statement, verification)
        digests = {file.path: file.sha256 for file in [*verification.manifest.files, *verification.manifest.documents]}
        for subject in statement.subject if statement else []:
            expected = digests.get(subject.name or "")
            if expected and (subject.digest or {}).get("sha256") != expected:
                verification.problems.append(f"{PROVENANCE_FILE} is about another {subject.name}")


def _parse(artifact: Artifact, name: str, document: type[Parsed], verification: Verification) -> Parsed | None:
    try:
        return document.model_validate_json(_read(artifact, name))
    except ValidationError as error:
        verification.problems.append(f"{name} is not what the optimizer writes ({problems_of(error)[:300]})")
        return None


def _verify_signature(
    artifact: Artifact, names: set[str], sha256: str, public_key: PublicKey | None, verification: Verification
) -> None:
    if SIGNATURE_BUNDLE not in names:
        if public_key is not None:
            verification.problems.append(f"{SIGNATURE_BUNDLE} is missing: nobody has signed this version")
        else:
            verification.notes.append("it is not signed")
        return
    try:
        bundle = read_bundle(_read(artifact, SIGNATURE_BUNDLE))
        signed_key, signed = bundle.signed_manifest()
    except BundleError as error:
        verification.problems.append(f"{SIGNATURE_BUNDLE}: {error}")
        return
    if public_key is None:
        verification.notes.append(f"its signature, of a key with the hint {bundle.hint[:16]}…, was not verified")
    elif bundle.hint != public_key.hint:
        verification.problems.append(
            f"{SIGNATURE_BUNDLE}: another key made it (its hint is {bundle.hint[:16]}…, and that of the given key "
            f"{public_key.hint[:16]}…)"
        )
    elif not public_key.has_signed(bundle.signed_bytes(), bundle.signature):
        verification.problems.append(f"{SIGNATURE_BUNDLE}: signature and statement do not belong together")
    elif signed == sha256:
        verification.signed_by = bundle.hint
    if artifact.place is not None and signed_key != f"{artifact.place}/{MANIFEST_FILE}":
        verification.problems.append(f"{SIGNATURE_BUNDLE}: it signs {signed_key}, and was moved from there")
    if signed != sha256:
        verification.problems.append(
            f"{SIGNATURE_BUNDLE}: it signs a manifest with the SHA-256 {signed}, and this one has {sha256}"
        )


def _read(artifact: Artifact, name: str) -> bytes:
    with artifact.open(name) as path:
        return path.read_bytes()
