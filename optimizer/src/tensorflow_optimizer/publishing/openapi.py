"""openapi.json of a version that is being published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..documents.draft import GOLDEN_FILE, describe
from ..openapi import openapi_document, openapi_text

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.manifest import Draft


def openapi_of(draft: Draft, version: int, output: Path) -> bytes:
    """Return the document of a version, with its golden requests as examples.

    Args:
        draft: The draft of its manifest.
        version: Its number.
        output: The output directory of `run`.
    """
    path = output / GOLDEN_FILE
    golden = json.loads(path.read_bytes()) if path.is_file() else None
    document = openapi_document(describe(draft, version), golden, served_by=draft.format)
    return openapi_text(document).encode()
