"""A server program that the job's process names, and that was not taken out of the image."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from publishing_samples import job_data, make_draft
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.manifest import ServerProgram, ServerTrial
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.server_binary.take import TakenProgram
from tensorflow_optimizer.serving import server_trial
from tensorflow_optimizer.supervision import supervise

if TYPE_CHECKING:
    from pathlib import Path

#: Program of a process that has opened a hostile model: it writes a draft of its own.
WORKER = """
import pathlib, sys
out = pathlib.Path(sys.argv[3])
(out / "draft.json").write_text({draft!r})
(out / "outcome.json").write_text('{{"exitCode": 0, "sentence": ""}}')
"""


@pytest.mark.own_process
@pytest.mark.parametrize(("named", "accepted"), [("1" * 64, True), ("0" * 64, False)], ids=["the image's", "another"])
def test_only_the_server_that_was_taken_out_of_the_image_is_accepted(
    named: str, accepted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "saved_model.pb").touch()
    data = job_data(format="saved_model", server={"image": "serving:1"})
    (tmp_path / "job.json").write_text(json.dumps(data))
    server = ServerProgram(image="serving:1", digest="d", sha256=named, size=1, trial=ServerTrial.ANSWERED)
    draft = make_draft(Job.model_validate(data)).model_copy(update={"server": server})
    program, start = WORKER.format(draft=draft.to_json()), subprocess.Popen
    taken = TakenProgram(tmp_path / "program", "serving:1", "d", "1" * 64, 1)
    monkeypatch.setattr(server_trial, "keep_server", lambda *_: taken)
    monkeypatch.setattr(
        subprocess, "Popen", lambda command, **how: start([sys.executable, "-c", program, *command[3:]], **how)
    )

    outcome = supervise.supervise(tmp_path / "job.json", tmp_path / "source", None, tmp_path / "out")

    assert (outcome.exit_code is ExitCode.DONE) == accepted
    assert (tmp_path / "out" / "draft.json").is_file() == accepted
    assert accepted or f"a server with the SHA-256 {named}, and the image's has {taken.sha256}" in outcome.sentence
