"""Downloads the model of the version that serves, and verifies it by its record."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ..documents.document import problems_of, sha256_of
from ..documents.draft import LITERT_FILE
from ..documents.job import ModelFormat
from ..documents.manifest import Manifest
from ..errors import BadInputError
from ..hints import Hint
from ..sources.digest import file_digest
from .unpacking import safe_relative

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..storage.s3 import Bucket

MANIFEST_FILE = "manifest.json"
MODEL_FILES = "model"
_WAY_OUT = "leave the rule about that version out of a deployment that replaces this version"


def fetch_serving(bucket: Bucket, key: str, sha256: str, directory: Path, log: Callable[[str], None]) -> None:
    """Download the manifest and the model of a published version.

    Args:
        bucket: The bucket with the version.
        key: The key of its manifest.
        sha256: The manifest's SHA-256 in the version's record.
        directory: Gets `manifest.json` and `model/`.
        log: Receives one line.

    Raises:
        BadInputError: A file is not what the record or the manifest says.
    """
    shutil.rmtree(directory, ignore_errors=True)
    text, where = bucket.read(key), bucket.address(key)
    if sha256_of(text) != sha256:
        raise BadInputError(
            f"{where}, of the version that serves, has the SHA-256 {sha256_of(text)}, and its record says {sha256}: it "
            f"was changed since; {_WAY_OUT}",
            Hint.SERVING_RULE,
        )
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise BadInputError(
            f"{where}, of the version that serves, is of another release of the optimizer "
            f"({problems_of(error)[:300]}); {_WAY_OUT}",
            Hint.SERVING_RULE,
        ) from error
    # A layer's archive holds the same file as the version's directory.
    files = [file for file in manifest.files if manifest.format is not ModelFormat.LITERT or file.path == LITERT_FILE]
    for file in files:
        target = directory / MODEL_FILES / safe_relative(file.path, where)
        target.parent.mkdir(parents=True, exist_ok=True)
        bucket.download(f"{key.rpartition('/')[0]}/{file.path}", target)
        if file_digest(target) != file.sha256:
            raise BadInputError(
                f"{file.path} of the version that serves has the SHA-256 {file_digest(target)}, and {where} says "
                f"{file.sha256}; {_WAY_OUT}",
                Hint.SERVING_RULE,
            )
    (directory / MANIFEST_FILE).write_bytes(text)
    log(f"serving: version {manifest.version}, {len(files)} files; compared: the SHA-256 of its record and manifest")
