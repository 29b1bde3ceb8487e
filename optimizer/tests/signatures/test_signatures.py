from __future__ import annotations

import pytest
from tensorflow_optimizer.documents.job import Source
from tensorflow_optimizer.errors import BadInputError, UnsupportedError
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec, fix_shapes, select_for_litert

Shape = tuple[int | None, ...] | None


def signature(
    inputs: dict[str, Shape], outputs: dict[str, Shape], name: str = "serving_default", dtype: str = "float32"
) -> SignatureSpec:
    return SignatureSpec(
        name,
        "tensorflow/serving/predict",
        {key: TensorSpec(dtype, shape, f"{key}:0") for key, shape in inputs.items()},
        {key: TensorSpec("float32", shape, f"{key}:0") for key, shape in outputs.items()},
    )


def source(**fields: object) -> Source:
    return Source.model_validate({"packaging": "zip", "identity": {"digest": "x"}, **fields})


@pytest.mark.parametrize(
    ("inputs", "outputs", "given", "batched", "shapes"),
    [
        ({"x": (None, 3)}, {"y": (None, 4)}, None, True, {"x": [1, 3]}),
        ({"x": (None, 3)}, {"y": None}, None, True, {"x": [1, 3]}),
        ({"a": (None, 3), "b": (None, 5)}, {"y": (None,)}, None, True, {"a": [1, 3], "b": [1, 5]}),
        ({"x": (2, 3)}, {"y": (4,)}, None, False, {"x": [2, 3]}),
        ({"x": ()}, {"y": ()}, None, False, {"x": []}),
        ({"x": (None, None, 4)}, {"y": (None, 2)}, {"x": [1, 16, 4]}, True, {"x": [1, 16, 4]}),
        ({"x": (None, None, 4)}, {"y": (None, 2)}, {"x": [-1, 16, 4]}, True, {"x": [1, 16, 4]}),
        ({"x": (None, 4)}, {"y": (None, 2)}, {"x": [8, 4]}, False, {"x": [8, 4]}),
        ({"x": (None,)}, {"y": (None,)}, {"x": [16000]}, False, {"x": [16000]}),
        ({"x": (None,)}, {"y": (None,)}, {"x": [-1]}, True, {"x": [1]}),
        ({"x": (None, 3)}, {"y": (4,)}, {"x": [1, 3]}, False, {"x": [1, 3]}),
        ({"x": None}, {"y": None}, {"x": [-1, 3]}, True, {"x": [1, 3]}),
    ],
)
def test_only_an_unknown_dimension_0_that_all_share_is_the_batch(
    inputs: dict[str, Shape],
    outputs: dict[str, Shape],
    given: dict[str, list[int]] | None,
    batched: bool,
    shapes: dict[str, list[int]],
) -> None:
    fixed = fix_shapes(signature(inputs, outputs), given)
    assert (fixed.batched, fixed.shapes) == (batched, shapes)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ({"sound": (None,)}, {"scores": (None,)}),
        ({"x": (None, 3)}, {"y": (4,)}),
        ({"x": (None, 3), "y": (2, 3)}, {"z": (None,)}),
        ({"x": (None, None)}, {"y": (None,)}),
        ({"x": (3, None)}, {"y": (3,)}),
        ({"x": None}, {"y": (None,)}),
        ({"x": (None, 3), "length": (None,)}, {"y": (None, 1)}),
    ],
)
def test_any_other_unknown_dimension_must_be_given(inputs: dict[str, Shape], outputs: dict[str, Shape]) -> None:
    with pytest.raises(UnsupportedError, match="give the input shapes") as caught:
        fix_shapes(signature(inputs, outputs), None)
    assert caught.value.hints == (Hint.INPUT_SHAPES,)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([1, 4], "differs from it only where"),
        ([3], "differs from it only where"),
        ([1, 0, 3], "must be 1 or more"),
        ([1, -1, 3], "must be 1 or more"),
    ],
)
def test_a_given_shape_that_contradicts_the_model_is_refused(given: list[int], text: str) -> None:
    with pytest.raises(BadInputError, match=text):
        fix_shapes(signature({"x": (None, None, 3)}, {"y": (None,)}), {"x": given})


def test_shapes_for_an_unknown_input_are_refused() -> None:
    with pytest.raises(BadInputError, match="shapes name 'image', but the model's inputs are 'x'"):
        select_for_litert(
            {"serving_default": signature({"x": (1, 3)}, {"y": (1,)})}, source(inputShapes={"image": [1]})
        )


def test_several_signatures_are_kept_the_default_one_first() -> None:
    specs = {
        "aside": signature({"x": (None, 3)}, {"y": (None, 1)}, "aside"),
        "serving_default": signature({"x": (None, 3)}, {"y": (None, 1)}),
    }
    assert list(select_for_litert(specs, source()).signatures) == ["serving_default", "aside"]
    assert list(select_for_litert(specs, source(signatureName="aside")).signatures) == ["aside"]


def test_a_signature_with_strings_is_left_out_with_a_warning() -> None:
    specs = {
        "serving_default": signature({"x": (None, 3)}, {"y": (None, 1)}),
        "text": signature({"t": (None,)}, {"y": (None, 1)}, "text", "string"),
    }
    chosen = select_for_litert(specs, source())
    assert list(chosen.signatures) == ["serving_default"]
    assert "'text' is left out" in chosen.warnings[0].text


def test_a_default_signature_with_strings_is_refused_with_all_ways_out() -> None:
    specs = {
        "serving_default": signature({"t": (None,)}, {"y": (None, 1)}, "serving_default", "string"),
        "numbers": signature({"x": (None, 3)}, {"y": (None, 1)}, "numbers"),
    }
    with pytest.raises(UnsupportedError, match=r"another signature.*'numbers'.*TensorFlow Serving") as caught:
        select_for_litert(specs, source())
    assert caught.value.hints == (Hint.SIGNATURE, Hint.TENSORFLOW_SERVING)


def test_an_unknown_signature_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnsupportedError, match="no signature 'predict'; it has 'serving_default'"):
        select_for_litert({"serving_default": signature({"x": (1, 3)}, {"y": (1,)})}, source(signatureName="predict"))


def test_several_signatures_without_a_default_one_need_a_choice() -> None:
    specs = {name: signature({"x": (1, 3)}, {"y": (1,)}, name) for name in ("a", "b")}
    with pytest.raises(UnsupportedError, match=r"several signatures \('a', 'b'\)"):
        select_for_litert(specs, source())


def test_a_signature_that_lacks_a_shape_is_left_out_unless_it_is_the_default_one() -> None:
    specs = {
        "serving_default": signature({"x": (None, 3)}, {"y": (None, 1)}),
        "sound": signature({"s": (None,)}, {"y": (None,)}, "sound"),
    }
    chosen = select_for_litert(specs, source())
    assert list(chosen.signatures) == ["serving_default"]
    assert "unknown dimensions" in chosen.warnings[0].text
    assert chosen.warnings[0].hints == (Hint.INPUT_SHAPES,)
