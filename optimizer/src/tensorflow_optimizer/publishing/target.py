"""Location in which a build is published, and identity of the build."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import BadInputError

if TYPE_CHECKING:
    from ..storage.s3 import Bucket


@dataclass(frozen=True)
class Target:
    """Bucket, prefix and names for publishing a build."""

    bucket: Bucket
    prefix: str
    """The model's prefix, without a slash at either end."""
    build_id: str
    build_key: str
    build_url: str = ""
    builder: str = ""
    """ARN of the CodeBuild project; empty on another machine."""
    succeeding: bool = True
    """False where CodeBuild says that a command of the build has failed."""

    def __post_init__(self) -> None:
        """Reject names that would put objects elsewhere."""
        if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", self.prefix, re.ASCII):
            raise BadInputError(f"the model prefix {self.prefix!r} is not usable: give letters, digits, '-', '_', '.'")
        if not re.fullmatch(r"\w[\w.-]*", self.build_id, re.ASCII):
            raise BadInputError(f"the build id {self.build_id!r} is not usable: give letters, digits, '-', '_' and '.'")
        if not re.fullmatch(r"[0-9a-f]{64}", self.build_key):
            raise BadInputError(f"the build key {self.build_key!r} is not a SHA-256 in lower-case hexadecimal")
