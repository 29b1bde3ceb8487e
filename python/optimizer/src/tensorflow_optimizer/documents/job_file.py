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
    """Return a job as plain data and as a document; all that is wrong with it is said at once."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise BadInputError(f"{where} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise BadInputError(f"{where} holds {type(data).__name__}, not a JSON object")
    try:
        return data, Job.model_validate(data)
    except ValidationError as error:
        raise BadInputError(f"{where} is not a valid job: {problems_of(error, 'the job')}") from error


def read_job(path: Path) -> tuple[dict[str, Any], Job]:
    """Read job.json from disk."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BadInputError(f"cannot read the job: {path}: {error.strerror}") from error
    return parse_job(text, str(path))
