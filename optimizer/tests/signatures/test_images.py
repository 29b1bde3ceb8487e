"""Inputs that take images: which one, and what its pixels become."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from tensorflow_optimizer.documents.image import ChannelOrder, Image, ImageInput, ResizeMethod
from tensorflow_optimizer.documents.manifest import Signature, Tensor
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.signatures.images import image_input, image_of, with_image

COLORS = [-1, 4, 5, 3]


def asked(preprocessing: str = "zeroToOne", **settings: Any) -> ImageInput:
    return ImageInput.model_validate({"preprocessing": preprocessing, **settings})


def image(preprocessing: str = "zeroToOne", dtype: str = "float32", channels: int = 3, **settings: Any) -> Image:
    return image_of(asked(preprocessing, **settings), "image", dtype, [-1, 4, 5, channels])


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_each_name_makes_the_numbers_of_keras(mode: str) -> None:
    from keras.applications import imagenet_utils

    pixels = np.random.default_rng(1).integers(0, 256, (4, 5, 3)).astype(np.float32)
    made = image("minusOneToOne" if mode == "tf" else mode)
    in_order = pixels[..., ::-1] if made.channel_order is ChannelOrder.BGR else pixels
    expected = imagenet_utils.preprocess_input(pixels.copy(), data_format="channels_last", mode=mode)
    np.testing.assert_allclose(in_order * np.array(made.scale) + np.array(made.offset), expected, atol=1e-4)


def test_names_without_a_mode_of_keras() -> None:
    assert (image("zeroTo255").scale, image("zeroTo255").offset) == ([1.0] * 3, [0.0] * 3)
    assert image("zeroToOne", method="bicubic", antialias=True) == Image(
        method=ResizeMethod.BICUBIC,
        antialias=True,
        channel_order=ChannelOrder.RGB,
        scale=[1 / 255] * 3,
        offset=[0.0] * 3,
    )


def test_a_scale_and_an_offset_are_for_all_channels_or_one_for_each() -> None:
    made = image("linear", scale=[0.5], offset=[1, 2, 3], channelOrder="BGR")
    assert (made.scale, made.offset, made.channel_order) == ([0.5] * 3, [1.0, 2.0, 3.0], ChannelOrder.BGR)


def test_one_channel_is_gray_and_has_no_order() -> None:
    made = image("minusOneToOne", channels=1)
    assert (made.channel_order, made.scale, made.offset) == (None, [1 / 127.5], [-1.0])


@pytest.mark.parametrize(
    "settings",
    [{"preprocessing": "caffe"}, {"preprocessing": "torch"}]
    + [{"preprocessing": "linear", "scale": [1], **more} for more in ({"offset": [1, 2, 3]}, {"channelOrder": "RGB"})],
)
def test_three_channels_for_one_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(BadInputError, match=r"'image' has one channel, and .* is asked for with three") as raised:
        image(channels=1, **settings)
    assert raised.value.hints == (Hint.IMAGE_INPUT,)


@pytest.mark.parametrize("shape", [None, [-1, 10], [-1, 4, 5], [-1, 4, 5, 4], [-1, -1, 5, 3], [-1, None, 5, 3]])
def test_a_shape_that_no_image_has_is_refused(shape: list[int | None] | None) -> None:
    with pytest.raises(BadInputError, match="rows, height, width, channels, all but the rows known") as raised:
        image_of(asked(), "image", "float32", shape)
    assert Hint.INPUT_SHAPES in raised.value.hints


@pytest.mark.parametrize("dtype", ["string", "int32", "float64", "bool"])
def test_a_type_that_pixels_do_not_become_is_refused(dtype: str) -> None:
    with pytest.raises(BadInputError, match="images become float32, float16, uint8, int8"):
        image(dtype=dtype)


def test_numbers_that_the_type_cannot_hold_are_refused() -> None:
    assert image("linear", "int8", scale=[1], offset=[-128]).offset == [-128.0] * 3
    assert image("zeroTo255", "uint8").scale == [1.0] * 3
    with pytest.raises(BadInputError, match="int8, which holds -128 to 127, and its pixels would become 0 to 255"):
        image("zeroTo255", "int8")
    with pytest.raises(BadInputError, match="float16, which holds -65504 to 65504"):
        image("linear", "float16", scale=[300])
    with pytest.raises(BadInputError, match="uint8, whole numbers, and its pixels would become 0 to 1"):
        image("zeroToOne", "uint8")


def test_the_only_input_takes_images_and_of_several_the_named_one() -> None:
    assert image_input(asked(), ["x"]) == "x"
    assert image_input(asked(input="b"), ["a", "b"]) == "b"
    with pytest.raises(BadInputError, match=r"has 2 inputs \('a', 'b'\): name the one"):
        image_input(asked(), ["a", "b"])
    with pytest.raises(BadInputError, match="for the input 'c', and the model's inputs are 'a', 'b'"):
        image_input(asked(input="c"), ["a", "b"])


def test_other_signatures_take_images_where_they_have_the_like_input() -> None:
    def signature(name: str, shape: list[int]) -> Signature:
        tensor = Tensor(dtype="float32", shape=shape)
        return Signature(batched=True, inputs={name: tensor}, outputs={"y": tensor})

    given = {
        "a": signature("x", COLORS),
        "b": signature("x", COLORS),
        "c": signature("x", [-1, 2]),
        "d": signature("z", COLORS),
    }
    made = with_image(given, "a", asked())
    assert made["a"].inputs["x"].image == made["b"].inputs["x"].image == image()
    assert (made["c"], made["d"]) == (given["c"], given["d"])
    assert made["a"].outputs == given["a"].outputs


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"preprocessing": "linear"}, "scale must be given"),
        ({"preprocessing": "torch", "scale": [1]}, "for the preprocessing 'linear' only"),
        ({"preprocessing": "torch", "channelOrder": "BGR"}, "for the preprocessing 'linear' only"),
        ({"preprocessing": "linear", "scale": [1, 2]}, "one number for all channels, or three"),
        ({"preprocessing": "linear", "scale": [1, 0, 1]}, "no scale may be 0"),
        ({"preprocessing": "linear", "scale": [float("nan")]}, "finite number"),
        ({"preprocessing": "zeroToOne", "method": "nearest", "antialias": True}, "antialias has no effect"),
        ({"preprocessing": "zeroToOne", "method": "area"}, "bilinear"),
        ({"preprocessing": "zeroToOne", "input": ""}, "at least 1 character"),
    ],
)
def test_a_job_says_nothing_without_effect(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        ImageInput.model_validate(settings)
