"""openapi.json of a version that is being published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..documents.draft import GOLDEN_FILE, describe
from ..openapi import openapi_document, openapi_text

if TYPE_CHECKING:
    from .artifacts import Publication


def openapi_of(publication: Publication) -> bytes:
    """Return the document of a version, with its golden requests as examples."""
    draft, path = publication.draft, publication.output / GOLDEN_FILE
    golden = json.loads(path.read_bytes()) if path.is_file() else None
    document = openapi_document(describe(draft, publication.version), golden, served_by=draft.format)
    return openapi_text(document).encode()
