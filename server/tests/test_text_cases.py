"""The cases of steps, against the operations that the job writes."""

from __future__ import annotations

import json
from pathlib import Path

from tensorflow_optimizer.text import operations

CASES = json.loads((Path(__file__).parent / "text" / "cases.json").read_text())["cases"]
#: Operations whose cases stand with the tests of tables, since a table is a file.
OF_TABLES = {"LookupTableFindV2"}


def test_every_operation_has_cases_whose_answers_are_tensorflows() -> None:
    answered = {case["operation"] for case in CASES if case["outputs"] is not None}
    assert answered | OF_TABLES == operations._OPERATIONS.keys()


def test_cases_have_the_attributes_that_the_job_writes() -> None:
    for case in CASES:
        assert operations.check_attributes(case["operation"], case["attributes"]), case["operation"]
