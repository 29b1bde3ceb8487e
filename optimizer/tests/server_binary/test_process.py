"""The process of a server that a job tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from programs import stand_in
from tensorflow_optimizer.server_binary.process import Server, ServerError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(180)
def test_a_model_that_does_not_load_ends_the_server_before_the_jobs_timeout(tmp_path: Path) -> None:
    """TensorFlow Serving ends at a look at the model's directory, so it has to take more than one."""
    program, model, work = tmp_path / "server", tmp_path / "model", tmp_path / "work"
    program.write_bytes(stand_in())
    program.chmod(0o755)
    model.mkdir()
    work.mkdir()

    with pytest.raises(ServerError, match=r"it ended with code 255: .*saved_model"), Server(program, model, work):
        pass
