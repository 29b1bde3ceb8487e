"""Jobs whose model takes text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_text_models import vectorized
from tensorflow_optimizer.proof.native_program import PROGRAM_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from sample_jobs import Runs


def test_a_model_of_text_passes_the_gate_and_is_not_published_without_the_program_that_takes_text(
    tmp_path: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROGRAM_VARIABLE, "/nowhere")
    result = runs(vectorized(tmp_path / "model"), recipe="none")
    assert result.draft is None
    assert "the native program was not found, and nothing else takes text" in result.sentence
    (candidate,) = result.outcome.candidates
    assert candidate.metrics is not None
    assert candidate.metrics.outputs["output_0"].relative_error == 0
