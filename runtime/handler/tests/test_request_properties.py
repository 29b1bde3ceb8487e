"""Whatever a client sends: an answer or a sentence, never a fault of the function's and nothing about its inside."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event as note
from hypothesis import given, settings
from hypothesis import strategies as st
from model_server import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from model_server import Model

MODELS = (
    "dense",
    "two",
    "int8",
    "image",
    "bool",
    "signatures",
    "audio",
    "scalar",
    "lookup",
    "cast_int64",
    "cast_float16",
)
#: Number of bodies for each model. Each body is sent twice: directly, and through an HTTP front door.
EXAMPLES = 100
assert len(MODELS) * EXAMPLES * 2 >= 2000
NAMES = st.sampled_from(["x", "zeta", "alpha", "image", "pixels", "flip", "wave", "ids", "b64", "y", ""])
# Numbers at the edges of the types are what breaks a server.
NUMBERS = (
    st.integers(-3, 3)
    | st.integers(-(2**70), 2**70)
    | st.floats(width=32)
    | st.floats()
    | st.sampled_from([10**400, -(10**400), 1e39, 65520.0, 255, 256, -129])
)
LEAVES = NUMBERS | st.none() | st.booleans() | st.text(max_size=4)
JUNK = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=15
)


SAFE = {
    "float": st.floats(width=16, allow_nan=False) | st.integers(-100, 100),
    "int": st.integers(0, 4),
    "bool": st.booleans(),
}


def nested(shape: list[int], leaves: st.SearchStrategy[Any], junk: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of a shape; large dimensions repeat one value, so that an image does not use up all randomness."""
    if not shape:
        return leaves
    inner = nested(shape[1:], leaves, junk)
    if math.prod(shape) > 8:
        return inner.map(lambda value: [value] * shape[0]) | junk
    return st.lists(inner, min_size=shape[0], max_size=shape[0]) | junk


@st.composite
def bodies(draw: st.DrawFn, model: Model) -> Any:
    """Bodies that a client could mean: half of them right, the others with a chance to be wrong anywhere."""
    signature = draw(st.sampled_from(list(model.description.signatures.values())))
    careful = draw(st.booleans())
    junk = st.nothing() if careful else JUNK

    def item(name: str) -> st.SearchStrategy[Any]:
        tensor = signature.inputs[name]
        leaves = SAFE[tensor.dtype.kind] if careful else SAFE[tensor.dtype.kind] | NUMBERS | LEAVES
        return nested(tensor.item_shape, leaves, junk)

    names = list(signature.inputs)
    rows = draw(st.integers(1, 3))
    row = st.fixed_dictionaries({name: item(name) for name in names})
    column = {
        name: st.lists(item(name), min_size=rows, max_size=rows) if signature.batched else item(name) for name in names
    }
    columns: st.SearchStrategy[Any] = st.fixed_dictionaries(column)
    if len(names) == 1:
        row, columns = row | item(names[0]), columns | column[names[0]]
    key = draw(st.sampled_from(["instances", "inputs", "data"]))
    value = draw({"instances": st.lists(row, min_size=rows, max_size=rows), "inputs": columns, "data": row}[key])
    body: dict[str, Any] = {key: value, "signature_name": signature.name}
    if not careful:
        body.update(draw(st.dictionaries(st.sampled_from(["inputs", "signature_name", "more"]), JUNK, max_size=1)))
    return body


def check_sentence(error: Any) -> None:
    assert isinstance(error, str)
    assert error
    assert "\n" not in error
    assert len(error) < 1000
    for inside in ("Traceback", ".py", "/tmp", "/opt", "/var", "ctypes", "numpy", "LiteRtStatus", "0x"):
        assert inside not in error


def check_numbers(value: Any) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            check_numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            check_numbers(inner)
    else:
        assert isinstance(value, (bool, int, float))


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_a_body_gets_an_answer_or_a_sentence(data: st.DataObject, name: str, load_model: Callable[..., Model]) -> None:
    model = load_model(name)
    body = data.draw(bodies(model) | bodies(model) | bodies(model) | JUNK)
    direct = events.answer(model, body)
    note(f"answered: {'error' not in direct}")  # shown by --hypothesis-show-statistics
    if "error" in direct:
        check_sentence(direct["error"])
    else:
        (key,) = direct
        assert (
            key
            == {"instances": "predictions", "inputs": "outputs", "data": "prediction"}[
                next(sent for sent in ("instances", "inputs", "data") if sent in body)
            ]
        )
        check_numbers(direct[key])

    event = {
        "rawPath": "/v1/models/tiny:predict",
        "requestContext": {"http": {"method": "POST"}},
        "body": json.dumps(body),
    }
    response = events.answer(model, event)
    answered = json.loads(response["body"])
    assert response["statusCode"] in {200, 400, 413}
    if response["statusCode"] != 200:
        check_sentence(answered["error"])
    elif isinstance(body, dict) and "data" not in body:
        assert same(answered, direct)


@given(
    text=st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")),
    path=st.text(max_size=20)
    | st.sampled_from(["/v1/models/tiny:predict", "/v1/models/tiny", "/v1/models/tiny/metadata"]),
    method=st.sampled_from(["GET", "POST", "PUT", "", "ä"]),
    encoded=st.booleans(),
)
def test_any_text_at_any_path_gets_an_answer_or_a_sentence(
    text: str, path: str, method: str, encoded: bool, load_model: Callable[..., Model]
) -> None:
    for event in (
        {"rawPath": path, "requestContext": {"http": {"method": method}}, "body": text, "isBase64Encoded": encoded},
        {"path": path, "httpMethod": method, "requestContext": {}, "body": text, "isBase64Encoded": encoded},
    ):
        response = events.answer(load_model("dense"), event)
        assert 200 <= response["statusCode"] < 500
        if response["statusCode"] != 200:
            check_sentence(json.loads(response["body"])["error"])


@given(event=JUNK | st.dictionaries(st.sampled_from(["requestContext", "rawPath", "path", "httpMethod", "body"]), JUNK))
def test_any_event_gets_an_answer(event: Any, load_model: Callable[..., Model]) -> None:
    answer = events.answer(load_model("dense"), event)
    assert answer.get("statusCode", 400) < 500


def same(left: Any, right: Any) -> bool:
    """Equality in which NaN equals itself."""
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right) or (isinstance(left, float) and math.isnan(left) and math.isnan(right))
