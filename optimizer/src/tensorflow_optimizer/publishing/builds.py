"""builds/<build id>/: the result of each build, including failed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.draft import OUTCOME_FILE, REPORT_DIRECTORY

if TYPE_CHECKING:
    from pathlib import Path

    from ..storage.s3 import Bucket
    from ..storage.stored_object import StoredObject

_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".xml": "application/xml",
}


def upload_build(bucket: Bucket, prefix: str, build_id: str, output: Path) -> list[StoredObject]:
    """Upload the outcome and the report of a build, and return what was uploaded; the outcome comes last."""
    report = output / REPORT_DIRECTORY
    files = sorted(report.iterdir()) if report.is_dir() else []
    return [
        bucket.create(f"{prefix}/builds/{build_id}/{path.name}", path, _CONTENT_TYPES.get(path.suffix, "text/plain"))
        for path in [*files, output / OUTCOME_FILE]
    ]
