from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from report_samples import Page
from tensorflow_optimizer.report.write import write_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorflow_optimizer.documents.job import Job
    from tensorflow_optimizer.documents.manifest import Draft
    from tensorflow_optimizer.documents.outcome import Outcome


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def run(job: Job, outcome: Outcome, draft: Draft | None = None) -> Path:
        write_report(tmp_path, job, outcome, draft)
        return tmp_path / "report"

    return run


@pytest.fixture
def page(write: Callable[..., Path]) -> Callable[..., Page]:
    return lambda *arguments: Page((write(*arguments) / "report.html").read_text(encoding="utf-8"))
