"""Documents are JSON, also where a figure is no finite number."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import pytest
from pydantic import ValidationError
from sample_jobs import job_data
from tensorflow_optimizer.documents.document import Document, Figure
from tensorflow_optimizer.documents.export_schemas import SCHEMA_DIRECTORY
from tensorflow_optimizer.documents.job import Gate, Job, ModelTask, Rule
from tensorflow_optimizer.documents.outcome import (
    Candidate,
    CandidateStatus,
    EvidenceKind,
    InputRange,
    Metrics,
    Outcome,
)
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.evaluation import compare
from tensorflow_optimizer.evaluation.tasks import OutputTask
from tensorflow_optimizer.report.write import write_report
from tensorflow_optimizer.supervision.output import write_outcome

if TYPE_CHECKING:
    from pathlib import Path


def strict(text: str) -> Any:
    """Read JSON as the standard has it, and as every other language reads it."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def against_zeros() -> Outcome:
    """Return the outcome of a job whose original answers zeros, and whose candidate does not."""
    zeros, ones = np.zeros((8, 2), np.float32), np.ones((8, 2), np.float32)
    labels = np.arange(16, dtype=np.float32).reshape(8, 2)
    answers = np.where(labels == 3, np.nan, ones).astype(np.float32)
    task = OutputTask(ModelTask.REGRESSION)
    metrics = Metrics(
        evidence=EvidenceKind.LABELS,
        samples=8,
        outputs={
            "ones": compare(task, zeros, ones, None, seed=0, real=True),
            "nan": compare(task, labels, answers, labels, seed=0, real=True),
        },
        size_bytes=1,
    )
    inputs = {"x": InputRange(dtype="float32", minimum=-math.inf, maximum=math.inf, mean=math.nan)}
    candidate = Candidate(name="float32", status=CandidateStatus.CHOSEN, metrics=metrics)
    return Outcome(exit_code=ExitCode.DONE, sentence="published", inputs=inputs, candidates=[candidate])


def test_the_outcome_and_the_report_of_a_model_that_answers_zeros_are_json(tmp_path: Path) -> None:
    outcome = against_zeros()
    write_outcome(tmp_path, outcome)
    write_report(tmp_path, Job.model_validate(job_data()), outcome, None)

    for file in (tmp_path / "outcome.json", tmp_path / "report" / "report.json"):
        document = strict(file.read_text(encoding="utf-8"))
        figures = document["candidates"][0]["metrics"]["outputs"]
        assert figures["ones"]["relativeError"] == "Infinity"
        assert figures["ones"]["relativeErrorInterval"] == ["Infinity", "Infinity"]
        assert figures["nan"]["errorIncrease"] == "Infinity"
        assert document["inputs"]["x"] == {
            "dtype": "float32",
            "minimum": "-Infinity",
            "maximum": "Infinity",
            "mean": "NaN",
        }


def test_an_outcome_is_read_as_it_was_written(tmp_path: Path) -> None:
    outcome = against_zeros()
    write_outcome(tmp_path, outcome)

    read = Outcome.model_validate_json((tmp_path / "outcome.json").read_text(encoding="utf-8"))

    before, after = (entry.candidates[0].metrics for entry in (outcome, read))
    assert before is not None
    assert after == before
    assert after.outputs["ones"].relative_error == math.inf
    assert math.isnan(read.inputs["x"].mean)


def test_the_schema_has_the_texts_of_such_figures() -> None:
    schema = json.loads((SCHEMA_DIRECTORY / "outcome.schema.json").read_text(encoding="utf-8"))
    document = against_zeros().to_data()

    jsonschema.validate(document, schema)
    document["inputs"]["x"]["mean"] = "none"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_a_number_that_is_no_figure_must_be_finite() -> None:
    for limit in (math.inf, math.nan):
        with pytest.raises(ValidationError, match="finite number"):
            Gate(rules=[Rule(rule="maxRelativeError", value=limit)], strict=False)
    job = job_data()
    job["gate"] = {"rules": [{"rule": "maxRelativeError", "value": "Infinity"}], "strict": False}
    with pytest.raises(ValidationError, match="finite number"):
        Job.model_validate(job)


def test_no_document_is_written_that_is_not_json() -> None:
    class Other(Document):
        figure: Figure
        limit: float = 0.0
        anything: Any = None

    assert strict(Other(figure=-math.inf).to_json()) == {
        "figure": "-Infinity",
        "limit": 0.0,
        "anything": None,
    }
    assert Other.model_validate_json('{"figure": "NaN"}').to_data()["figure"] == "NaN"
    assert strict(Other(figure=0.0, anything={"a": [math.nan]}).to_json())["anything"] == {"a": [None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        Other.model_construct(figure=0.0, limit=math.inf).to_json()
