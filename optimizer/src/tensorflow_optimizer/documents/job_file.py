"""job.json as a file: the plain data that the build key is made of, and the validated job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..errors import BadInputError
from .document import problems_of
from .job import Job

if TYPE_CHECKING:
    from pathlib import Path


def parse_job(text: bytes | str, where: str) -> tuple[dict[str, Any], Job]:
    """Return a job as plain data, which the build key is made of, and as a document.

    Raises:
        BadInputError: it is not a job; the message lists all problems.
    """
    try:
        job = Job.model_validate_json(text)
    except ValidationError as error:
        raise BadInputError(
            f"{where} is not a job ({problems_of(error)}); schema/job.schema.json says what is allowed"
        ) from error
    data: dict[str, Any] = json.loads(text)
    return data, job


def read_job(path: Path) -> tuple[dict[str, Any], Job]:
    """Read job.json from disk."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BadInputError(f"{path} cannot be read ({error.strerror}); give the path of a job.json") from error
    return parse_job(text, str(path))
