"""Whatever model.json says: the model is refused when it is loaded, or it answers every request."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from model_server import ModelError, events, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model_server import Model

MODELS = ("dense", "int8", "two", "scalar", "lookup")
TEXTS = (
    "",
    "float32",
    "int8",
    "int64",
    "bool",
    "string",
    "x",
    "../model.tflite",
    "/etc/passwd",
    "a\0b",
    "serving_default",
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 5)
    | st.sampled_from([2**31, 2**63, 10**12, 10**400])
    | st.floats()
    | st.sampled_from(TEXTS)
)
MEMBERS = st.sampled_from(["dtype", "shape", "tensor", "quantization", "scale", "zeroPoint", "inputs", "outputs", "x"])
JUNK = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(MEMBERS, inner, max_size=3), max_leaves=8
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every member of a document."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def changed(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """Replace or remove one or two members of a document."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 2))):
        *path, last = draw(st.sampled_from(list(places(document))))
        inner: Any = document
        for key in path:
            inner = inner[key]
        if draw(st.integers(0, 4)) == 0:
            del inner[last]
        else:
            inner[last] = draw(JUNK)
    return document


def inputs_of(document: dict[str, Any]) -> dict[str, Any]:
    def fill(shape: list[int], value: Any) -> Any:
        return value if not shape else [fill(shape[1:], value)] * max(1, shape[0])

    signature = document["signatures"][document["defaultSignature"]]
    return {name: fill(tensor["shape"], tensor["dtype"] == "bool" or 0) for name, tensor in signature["inputs"].items()}


def ask_everything(model: Model, inputs: dict[str, Any]) -> None:
    http = {"requestContext": {"http": {"method": "GET"}}}
    for request in (
        {"inputs": inputs},
        {"instances": [0]},
        {**http, "rawPath": "/v1/models/tiny"},
        {**http, "rawPath": "/v1/models/tiny/metadata"},
        {**http, "rawPath": "/v1/models/tiny:predict", "requestContext": {"http": {"method": "POST"}}, "body": "{}"},
    ):
        assert events.answer(model, request).get("statusCode", 200) < 500


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=40, derandomize=True, deadline=None)
@given(data=st.data())
def test_a_changed_description_is_refused_or_answers(
    data: st.DataObject, name: str, models: dict[str, str], directory: Path
) -> None:
    document = json.loads((Path(models[name]) / "model.json").read_text())
    shutil.copy(Path(models[name]) / "model.tflite", directory / "model.tflite")
    (directory / "model.json").write_text(json.dumps(data.draw(changed(document))))
    try:
        model = load(str(directory))
    except ModelError as error:
        event("refused")  # shown by --hypothesis-show-statistics
        message = str(error)
    else:
        event("loaded")
        message = ""
        ask_everything(model, inputs_of(document))
        model.close()
    assert "\n" not in message


@pytest.mark.fault
@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"9" * 5_000,
        b"\xff\xfe{",
        b"null",
        b"[]",
        b'"\xed\xa0\x80"',
        b'{"schemaVersion": 1, "model": NaN}',
    ],
)
def test_a_text_that_is_no_description_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.json"):
        load(str(tmp_path))
