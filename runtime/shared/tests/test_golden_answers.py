"""Tolerance of golden requests: golden_answers.json has the cases of answers that count as expected, or not."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cdk_tensorflow_shared import golden_answers
from cdk_tensorflow_shared.golden_answers import GoldenAnswers

CASES = json.loads(Path(__file__).with_name("golden_answers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"])
def test_every_case(case: dict[str, Any]) -> None:
    golden = GoldenAnswers([case["expected"]], case.get("tolerance", 0.01), case.get("outputNames", ["y"]))

    assert golden.difference(0, case["answer"]) == case["difference"]


def test_the_tolerance_is_a_share_of_the_greatest_expected_number_of_all_requests() -> None:
    expected, answer = [{"predictions": [[entry]]} for entry in (0.001, 10.0)], {"predictions": [[0.005]]}

    assert GoldenAnswers(expected, 1e-3).difference(0, answer) is None
    assert GoldenAnswers(expected, 1e-4).difference(0, answer) == (
        "the output at [0] must be 0.001 within 0.001, got 0.005"
    )


def compared(**document: Any) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, golden_answers.__file__],
        input=json.dumps(document),
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_other_languages_run_it_as_a_program() -> None:
    requests = [{"response": {"predictions": [scores]}} for scores in ([0.2, 0.8], [0.8, float("nan")])]
    golden = {"relativeTolerance": 0.01, "requests": requests}
    answers = ['{"predictions": [[0.6, 0.4]]}', '{"predictions": [[0.8, NaN]]}']

    assert compared(golden=golden, answers=answers) == {
        "difference": "golden request 1 of 2: the output at [0] must be 0.2 within 0.008, got 0.6",
        "relative": pytest.approx(0.5),
        "decidedAlike": 1,
    }
    assert compared(golden=golden, answers=answers, tolerance=0.6)["difference"] is None


def test_bytes_are_shown_unchanged() -> None:
    expected = {"predictions": [{"b64": base64.b64encode(b"a").decode()}]}

    assert GoldenAnswers([expected], 0.01).difference(0, {"predictions": ["b"]}) == (
        "the output must be {'b64': 'YQ=='}, got 'b'"
    )
