"""Requests of the contract: the schemas allow what servers answered, and nothing that they refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from described_models import described, signature, validators
from tensorflow_optimizer.documents.job import ModelFormat

REPOSITORY = Path(__file__).parents[3]
CASES = json.loads((REPOSITORY / "test" / "contract" / "cases.json").read_text(encoding="utf-8"))
#: `test/contract/zoo.py` makes it.
ZOO = described(
    serving_default=signature({"x": ("float32", [2])}, {"y": ("float32", [2])}),
    two=signature({"a": ("float32", [2]), "b": ("int32", [])}, {"p": ("float32", []), "q": ("int32", [])}),
    scalar=signature({"x": ("float32", [])}, {"y": ("float32", [])}, batched=False),
    log=signature({"x": ("float32", [])}, {"y": ("float32", [])}, batched=False),
    mixed=signature({"x": ("float32", [2])}, {"rows": ("float32", [2]), "sum": ("float32", [])}, batched=False),
    **{
        name: signature({"x": (dtype, [])}, {"y": (dtype, [])})
        for name, dtype in {
            "flag": "bool",
            "long": "int64",
            "half": "float16",
            "ident": "float32",
            "byte": "uint8",
            "small": "int8",
            "u32": "uint32",
            "u64": "uint64",
            "i16": "int16",
        }.items()
    },
)
#: Rules that a schema cannot say: the document's descriptions and docs/openapi.md name them.
NOT_JSON = '{"instances":[[NaN,Infinity],[-Infinity,1]]}'
TWICE = '{"instances":[[1,2]],"instances":[[3,4]]}'
UNEQUAL_ROWS = '{"signature_name": "two", "inputs": {"a": [[1, 2], [1, 2]], "b": [3]}}'


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


ASKED = [
    case
    for case in CASES
    if case["method"] == "POST"
    and case["path"].endswith((":predict", "/infer"))
    and case["status"] in {200, 400}
    and is_json(case.get("body", ""))
]


def component(case: dict[str, Any], kind: str) -> str:
    return f"{'Infer' if case['path'].endswith('/infer') else 'Predict'}{kind}"


@pytest.fixture(scope="module")
def litert() -> Any:
    return validators(ZOO)


@pytest.mark.parametrize("case", ASKED, ids=[case["body"][:100] for case in ASKED])
def test_a_schema_allows_what_is_answered(case: dict[str, Any], litert: Any) -> None:
    allowed = litert(component(case, "Request"), json.loads(case["body"]))
    if case["body"] in {NOT_JSON, TWICE, UNEQUAL_ROWS}:
        assert allowed is (case["status"] != 200)
    else:
        assert allowed is (case["status"] == 200)
        if "answer" in case:
            assert litert(component(case, "Response"), json.loads(case["answer"]))


def test_the_rules_that_a_schema_cannot_say_are_among_the_cases() -> None:
    statuses = {case["body"]: case["status"] for case in ASKED}
    assert (statuses[NOT_JSON], statuses[TWICE], statuses[UNEQUAL_ROWS]) == (200, 400, 400)
    assert len(statuses) > 50


def test_tensorflow_serving_answers_what_its_schema_allows() -> None:
    accepts = validators(ZOO, ModelFormat.SAVED_MODEL)
    for case in ASKED:
        status = case.get("tensorflowServing", case)["status"]
        if case["path"].endswith(":predict") and accepts("PredictRequest", json.loads(case["body"])):
            assert status == 200, case
