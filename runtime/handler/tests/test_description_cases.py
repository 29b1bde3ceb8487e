"""Each case of model.json is accepted or refused, by its JSON Schema, by the model that writes it, and by the handler.

`server/tests/descriptions.rs` reads the same cases. A case is the description with some members set or left out, or a
text; `refusals` has who refuses it, readers with a part of their sentence. Whoever is not in it accepts the case.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from model_server import ModelError, description
from pydantic import ValidationError
from tensorflow_optimizer.documents.manifest import ModelDescription

REPOSITORY = Path(__file__).parents[3]
TABLE = json.loads((REPOSITORY / "test" / "contract" / "model_descriptions.json").read_text(encoding="utf-8"))
SCHEMA = json.loads((REPOSITORY / "optimizer" / "schema" / "model.schema.json").read_text(encoding="utf-8"))
every_case = pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["what"])


def text_of(case: dict[str, Any]) -> str:
    """Return the text of a case's model.json."""
    if "text" in case:
        return str(case["text"])
    document = copy.deepcopy(TABLE["description"])
    for pointer in [*case.get("set", {}), *case.get("without", [])]:
        *path, last = pointer.split("/")[1:]
        parent = document
        for name in path:
            parent = parent[name]
        if pointer in case.get("set", {}):
            parent[last] = case["set"][pointer]
        else:
            del parent[last]
    return json.dumps(document)


@every_case
def test_the_schema_and_the_model_that_writes_it_agree(case: dict[str, Any]) -> None:
    text = text_of(case)
    # Python reads NaN as a number, which JSON does not have and the schema cannot refuse.
    fits = "NaN" not in text and jsonschema.Draft202012Validator(SCHEMA).is_valid(json.loads(text))
    try:
        ModelDescription.model_validate_json(text, strict=True)
        is_read = True
    except ValidationError:
        is_read = False
    assert (fits, is_read) == ("schema" not in case["refusals"],) * 2


@every_case
def test_the_handler_reads_it_or_says_why_not(case: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(text_of(case), encoding="utf-8")
    try:
        description.read(str(tmp_path))
        problem = None
    except ModelError as error:
        problem = str(error)
    expected = case["refusals"].get("handler")
    assert (problem is None) == (expected is None), problem
    assert expected is None or expected in problem
