"""A candidate whose process crashes in native code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sample_jobs import FLOAT16, job_data
from tensorflow_optimizer.candidates import parallel
from tensorflow_optimizer.candidates.parallel import KilledError
from tensorflow_optimizer.candidates.plans import litert_plans
from tensorflow_optimizer.documents.job import Job

if TYPE_CHECKING:
    from pathlib import Path

WITH_ONEDNN = "os.environ.get('TF_ENABLE_ONEDNN_OPTS') != '0'"
MADE = "pickle.dump(('made', []), open(sys.argv[3], 'wb'))"


@pytest.mark.own_process
@pytest.mark.parametrize(
    ("fails", "name", "made"),
    [(WITH_ONEDNN, "SIGSEGV", True), ("True", "SIGSEGV", False), (WITH_ONEDNN, "SIGKILL", False)],
)
def test_it_is_made_once_more_without_onednn(
    fails: str,
    name: str,
    made: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    ends = "import ctypes; ctypes.string_at(0)" if name == "SIGSEGV" else "os.kill(os.getpid(), 9)"
    script = f"import os, pickle, sys\nif {fails}:\n    {ends}\n{MADE}"
    monkeypatch.setattr(parallel, "WORKER", ["-c", script])
    (plan,) = litert_plans(Job.model_validate(job_data(recipe=FLOAT16)), has_data=False)
    found: Any = parallel._build(tmp_path / "builder", plan, tmp_path / "result")[0]
    assert found == "made" if made else isinstance(found, KilledError)
    assert ("Segmentation fault" in capfd.readouterr().err) == (name == "SIGSEGV")
