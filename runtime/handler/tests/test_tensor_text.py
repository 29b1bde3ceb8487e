"""The short way from a body's text to bytes: the general way's bytes, or nothing."""

from __future__ import annotations

import json
import math
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_server import events, json_text, tensor_text
from model_server.codec import encode
from model_server.description import Signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from model_server import Model

PATH = "/v1/models/tiny:predict"
BATCHED = ("dense", "conv", "int8", "image", "signatures", "lookup", "cast_int64", "cast_float16", "cast_float64")


def rows_of(shape: list[int], count: int, numbers: list[Any]) -> list[Any]:
    """Return so many rows of a shape with the numbers in turn."""
    position = -1

    def build(rest: list[int]) -> Any:
        nonlocal position
        if rest:
            return [build(rest[1:]) for _ in range(rest[0])]
        position += 1
        return numbers[position % len(numbers)]

    return build([count, *shape])


def enough(model: Model) -> int:
    """Return how many rows make a body that is long enough for the short way."""
    (tensor,) = model.signature(None).inputs.values()
    return tensor_text.SMALLEST // (2 * tensor.count) + 1


def sent(text: str) -> dict[str, Any]:
    """Return the event of a request with that body."""
    return {"rawPath": PATH, "requestContext": {"http": {"method": "POST"}}, "body": text}


@pytest.mark.parametrize("name", BATCHED)
@pytest.mark.parametrize("key", ["instances", "inputs"])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("different", [3, 10_000])
def test_it_gives_the_bytes_of_the_general_parser(
    name: str, key: str, separators: tuple[str, str], different: int, load_model: Callable[..., Model]
) -> None:
    model = load_model(name)
    signature = model.signature(None)
    (tensor,) = signature.inputs.values()
    chance = random.Random(5)
    numbers: list[Any] = (
        [chance.randint(0, 4) for _ in range(different)]
        if tensor.dtype.kind == "int"
        else [chance.choice([0.0, 1e-3, -2.5e-7, 7]) + chance.random() for _ in range(different)]
    )
    rows = rows_of(tensor.item_shape, enough(model), numbers)
    text = json.dumps({key: rows}, separators=separators)

    found = tensor_text.read(signature, text)

    assert found is not None
    assert found[0] == key
    assert found[1].count == len(rows)
    assert found[1].stored == encode(tensor, rows, [len(rows), *tensor.item_shape])
    assert events.answer(model, sent(text)) == events.answer(model, sent(text + " " * 5))


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("[1,2,3,4]", "[1,2,3]"),
        ("[1,2,3,4]", "[1,2,3,4,5]"),
        ("[1,2,3,4]", "[[1,2,3,4]]"),
        ("[1,2,3,4]", "[1,2,,4]"),
        ("[1,2,3,4]", "[1,2,3,]"),
        ("[1,2,3,4]", "[1,2,3,4]5"),
        ("[1,2,3,4]", "1[,2,3,4]"),
        ("[1,2,3,4]", "[01,2,3,4]"),
        ("[1,2,3,4]", "[+1,2,3,4]"),
        ("[1,2,3,4]", "[1.,2,3,4]"),
        ("[1,2,3,4]", "[.5,2,3,4]"),
        ("[1,2,3,4]", "[1e,2,3,4]"),
        ("[1,2,3,4]", "[1-2,2,3,4]"),
        ("[1,2,3,4]", "[1 2,2,3,4]"),
        ("[1,2,3,4]", "[1,2,3,1e39]"),
        ("[1,2,3,4]", "[1,2,3,null]"),
        ("[1,2,3,4]", "[1,2,3,true]"),
        ("[1,2,3,4]", '[1,2,3,"4"]'),
        ("[1,2,3,4]", "[1,2,3,4}"),
        ("],[", "][,"),
    ],
)
def test_bodies_of_any_other_form_are_read_by_the_general_parser(
    good: str, bad: str, load_model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model("dense")
    rows = "[1,2,3,4]," * enough(model)
    fine = f'{{"instances":[{rows}[1,2,3,4]]}}'
    text = fine[::-1].replace(good[::-1], bad[::-1], 1)[::-1]
    assert tensor_text.read(model.signature(None), fine) is not None

    assert tensor_text.read(model.signature(None), text) is None

    answer = events.answer(model, sent(text))
    monkeypatch.setattr(tensor_text, "read", lambda *_: None)
    assert answer == events.answer(model, sent(text))
    assert answer["statusCode"] == 400


def signature_of(shape: list[int]) -> Signature:
    tensor = {"dtype": "float32", "shape": [-1, *shape], "tensor": {"dtype": "float32", "shape": [1, *shape]}}
    return Signature("serving_default", {"batched": True, "inputs": {"x": tensor}, "outputs": {}})


SHAPES = [
    [],
    [1],
    [2],
    [16],
    [40],
    [1, 1, 1],
    [20, 20],
    [28, 28, 1],
    [9, 9, 3],
    [4, 1, 3],
    [17, 1, 2],
    [1, 5, 1],
    [2, 8, 1],
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("comma", [",", ", "])
def test_it_reads_rows_of_every_shape(shape: list[int], comma: str) -> None:
    signature = signature_of(shape)
    (tensor,) = signature.inputs.values()
    # All different, few, and all the same but the last: equal parts of the text follow each other.
    for numbers in ([number / 8 for number in range(5000)], [0.5, 1, -2e3], [0.0] * 2000 + [1.0]):
        rows = rows_of(shape, 2 * tensor_text.SMALLEST // tensor.count + 1, numbers)

        found = tensor_text.read(signature, json.dumps({"instances": rows}, separators=(comma, ":")))

        assert found is not None
        assert found[1].count == len(rows)
        assert found[1].stored == encode(tensor, rows, [len(rows), *shape])


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape], ids=str)
@pytest.mark.parametrize("comma", [",", ", "])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_it_leaves_lists_that_are_divided_elsewhere_to_the_general_parser(
    shape: list[int], comma: str, level: int
) -> None:
    if level > len(shape):
        return
    signature = signature_of(shape)
    rows = rows_of(shape, 2 * tensor_text.SMALLEST // math.prod(shape) + 2, [0.5, 1])
    text = json.dumps({"instances": rows}, separators=(comma, ":"))
    assert tensor_text.read(signature, text) is not None
    separator = "]" * level + comma + "[" * level
    number = text.index("1", text.index(separator))

    moved = text.replace(separator, comma, 1)
    assert tensor_text.read(signature, moved) is None
    assert tensor_text.read(signature, moved[:number] + "1" + separator + moved[number:]) is None
    assert tensor_text.read(signature, text[:number] + separator + text[number:]) is None


@given(data=st.data())
def test_it_agrees_with_the_general_parser_for_every_shape(data: st.DataObject) -> None:
    signature = signature_of(data.draw(st.lists(st.sampled_from([1, 2, 3, 16, 17]), max_size=3)))
    (tensor,) = signature.inputs.values()
    rows = rows_of(tensor.item_shape, tensor_text.SMALLEST // tensor.count + 1, [0, 1.5, 2])
    text = json.dumps({"inputs": rows}, separators=(data.draw(st.sampled_from([",", ", "])), ":"))
    brackets = [at for at, letter in enumerate(text) if letter in "[],"][1:-1]
    for _ in range(data.draw(st.integers(0, 3))):
        at = brackets[data.draw(st.integers(0, len(brackets) - 1))]
        text = text[:at] + data.draw(st.text('[], 12"', max_size=4)) + text[at + data.draw(st.integers(0, 2)) :]

    found = tensor_text.read(signature, text)

    if found is not None:
        rows = json_text.loads(text)["inputs"]
        assert found[1].stored == encode(tensor, rows, [found[1].count, *tensor.item_shape])


def test_it_leaves_short_bodies_named_inputs_and_additional_members_to_the_general_parser(
    load_model: Callable[..., Model],
) -> None:
    dense, two = load_model("dense"), load_model("two")
    rows = [[1, 2, 3, 4]] * enough(dense)

    assert tensor_text.read(dense.signature(None), json.dumps({"instances": rows[:2]})) is None
    assert tensor_text.read(dense.signature(None), json.dumps({"instances": [{"x": row} for row in rows]})) is None
    assert tensor_text.read(dense.signature(None), json.dumps({"signature_name": "", "instances": rows})) is None
    assert tensor_text.read(two.signature(None), json.dumps({"instances": rows})) is None


def test_its_cache_of_numbers_is_bounded_and_correct(load_model: Callable[..., Model]) -> None:
    model = load_model("cast_float64")
    signature = model.signature(None)
    (tensor,) = signature.inputs.values()
    for turn in range(40):
        rows = [[turn + number / 1000, turn, 0.5] for number in range(200)] * 3
        rows[0][0] = float(f"{turn}.{'1' * 60}")
        text = json.dumps({"instances": rows}).replace(json.dumps(rows[0][0]), f"{turn}.{'1' * 60}", 1)

        found = tensor_text.read(signature, text)

        assert found is not None
        assert found[1].stored == encode(tensor, rows, [len(rows), 3])
        assert 0 < len(tensor.known) <= tensor_text.MOST_KNOWN
        assert max(map(len, tensor.known)) <= tensor_text.LONGEST_KNOWN


@given(data=st.data())
def test_it_agrees_with_the_general_parser_on_any_change_in_a_body(
    data: st.DataObject, load_model: Callable[..., Model]
) -> None:
    model = load_model("lookup" if data.draw(st.booleans()) else "cast_float16")
    signature = model.signature(None)
    (tensor,) = signature.inputs.values()
    text = json.dumps({"instances": rows_of(tensor.item_shape, enough(model), [1, 2, 0, 3])}, separators=(",", ":"))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text = text[:at] + data.draw(st.text("[],0123-+.eE \t", max_size=3)) + text[at + data.draw(st.integers(0, 2)) :]

    found = tensor_text.read(signature, text)

    if found is not None:
        rows = json_text.loads(text)[found[0]]
        assert found[1].stored == encode(tensor, rows, [found[1].count, *tensor.item_shape])
