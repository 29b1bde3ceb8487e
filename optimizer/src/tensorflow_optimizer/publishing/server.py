"""Publishes the server's program once for all models of a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.draft import SERVER_DIRECTORY
from ..errors import OptimizerError
from ..server_binary.take import PROGRAM
from ..sources.digest import file_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..documents.manifest import ServerProgram
    from ..storage.s3 import Bucket

#: Separate from the models' prefixes; the job's role may add here too.
_PREFIX = "shared/server"


def publish_server(bucket: Bucket, server: ServerProgram, output: Path, log: Callable[[str], None]) -> ServerProgram:
    """Upload the program under its own SHA-256, unless it exists, and return its key.

    Args:
        bucket: The bucket.
        server: The server's entry in the draft.
        output: Output directory of `run`.
        log: Receives one line.

    Raises:
        OptimizerError: It is not the tested program.
    """
    program = output / SERVER_DIRECTORY / PROGRAM
    if not program.is_file() or file_digest(program) != server.sha256:
        raise OptimizerError(
            f"{program} is not the server that was tried on the model: the output of `run` was changed; run it again"
        )
    stored = bucket.create(f"{_PREFIX}/{server.sha256}/{PROGRAM}", program)
    log(f"server of {server.image}: {bucket.address(stored.key)}  {stored.size:,} bytes")
    return server.model_copy(update={"key": stored.key})
