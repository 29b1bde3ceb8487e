"""The input that takes images, as `optimize --image` takes it."""

from __future__ import annotations

import pytest
from tensorflow_optimizer.command_line.image_option import parse_image
from tensorflow_optimizer.documents.image import ChannelOrder, ImageInput, Preprocessing, ResizeMethod
from tensorflow_optimizer.errors import BadInputError


def test_names_and_settings_are_those_of_the_job_or_have_hyphens() -> None:
    assert parse_image("zero-to-255") == parse_image("zeroTo255") == ImageInput(preprocessing=Preprocessing.ZERO_TO_255)
    assert parse_image(
        "linear:scale=0.5/1/2,offset=-1,channel-order=BGR,method=bicubic,antialias=true,input=x"
    ) == ImageInput(
        preprocessing=Preprocessing.LINEAR,
        scale=[0.5, 1, 2],
        offset=[-1],
        channel_order=ChannelOrder.BGR,
        method=ResizeMethod.BICUBIC,
        antialias=True,
        input="x",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("resnet", "preprocessing: .*write it as zeroToOne, caffe:method=bicubic or linear"),
        ("torch:size=3", "'size' is no setting \\(allowed, once each: input, method"),
        ("torch:method=bicubic,method=nearest", "'method' is given twice"),
        ("linear:scale=a", "scale"),
        ("linear", "scale must be given"),
    ],
)
def test_a_wrong_text_is_refused_with_what_is_allowed(text: str, problem: str) -> None:
    with pytest.raises(BadInputError, match=problem):
        parse_image(text)
