from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from cdk_tensorflow_shared.build_key import build_key
from published_models import JOB

FIXTURES = json.loads(
    (Path(__file__).parents[3] / "optimizer" / "tests" / "fixtures" / "build_key.json").read_text(encoding="utf-8")
)


def changed(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(JOB) | changes


@pytest.mark.parametrize("fixture", FIXTURES, ids=["every member", "inputs and outputs called location"])
def test_is_the_key_that_the_command_line_computes(fixture: dict[str, Any]) -> None:
    assert build_key(fixture["job"]) == fixture["key"]


def test_does_not_depend_on_the_location_of_the_inputs() -> None:
    moved = copy.deepcopy(JOB)
    moved["source"]["location"] = {"bucket": "elsewhere", "key": "other.zip", "objectVersion": "1"}
    nowhere = copy.deepcopy(JOB)
    del nowhere["source"]["location"]

    assert build_key(moved) == build_key(nowhere) == build_key(JOB)


def test_does_not_depend_on_the_location_of_a_student() -> None:
    moved = copy.deepcopy(FIXTURES[1])
    moved["job"]["recipe"]["steps"][0]["student"]["given"]["location"]["bucket"] = "elsewhere"

    assert build_key(moved["job"]) == moved["key"]


def test_takes_null_for_absent_and_ignores_order() -> None:
    reordered = dict(reversed(list(changed(labels=None, gate=None).items())))

    assert build_key(reordered) == build_key(JOB)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "letters"},
        {"format": "saved_model"},
        {"source": JOB["source"] | {"identity": {"digest": "cd" * 32}}},
        {"source": JOB["source"] | {"inputShapes": {"x": [1, 2]}}},
        {"source": JOB["source"] | {"inputShapes": {"location": [1, 2]}}},
        {"source": JOB["source"] | {"stateful": "reset_per_request"}},
        {"source": JOB["source"] | {"signatureName": "other"}},
        {"evaluation": {"packaging": "file", "identity": {"digest": "ef" * 32}}},
        {"tasks": {"y": "binary"}},
        {"tasks": {"location": "binary"}},
        {"recipe": {"kind": "none", "steps": []}},
        {"gate": {"rules": [{"rule": "minAgreement", "value": 0.9}], "strict": False}},
        {"seed": 1},
        {"architecture": "arm64"},
        {"labels": ["a", "b"]},
        {"toolchain": JOB["toolchain"] | {"behaviorVersion": 2}},
    ],
)
def test_changes_with_everything_that_can_change_the_output(changes: dict[str, Any]) -> None:
    assert build_key(changed(**changes)) != build_key(JOB)
