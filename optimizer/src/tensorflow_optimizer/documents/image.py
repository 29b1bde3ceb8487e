"""Inputs that take encoded images: what a job asks for, and what a signature says."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from .document import Document

#: One number for all channels, or one for each.
Numbers = Annotated[list[float], Field(min_length=1, max_length=3)]


class Preprocessing(StrEnum):
    """Conversion of pixels from 0 to 255 to the numbers that the model takes."""

    ZERO_TO_255 = "zeroTo255"
    ZERO_TO_ONE = "zeroToOne"
    MINUS_ONE_TO_ONE = "minusOneToOne"
    """The mode `tf` of Keras."""
    CAFFE = "caffe"
    """Blue, green and red, without ImageNet's means."""
    TORCH = "torch"
    """Normalized by ImageNet's means and standard deviations."""
    LINEAR = "linear"
    """Scaled and shifted by a given scale and offset."""


class ResizeMethod(StrEnum):
    """Names of `tf.image.resize`."""

    BILINEAR = "bilinear"
    NEAREST = "nearest"
    BICUBIC = "bicubic"


class ChannelOrder(StrEnum):
    """Order of the colors in the last dimension."""

    RGB = "RGB"
    BGR = "BGR"


class ImageInput(Document):
    """The input that takes images, in job.json."""

    input: Annotated[str, Field(min_length=1)] | None = None
    """Name of the input; absent: the only one."""
    preprocessing: Preprocessing
    method: ResizeMethod = ResizeMethod.BILINEAR
    antialias: bool = False
    channel_order: ChannelOrder | None = None
    scale: Numbers | None = None
    offset: Numbers | None = None

    @model_validator(mode="after")
    def _members_only_where_they_count(self) -> ImageInput:
        is_linear = self.preprocessing is Preprocessing.LINEAR
        if is_linear and self.scale is None:
            raise ValueError("scale must be given for the preprocessing 'linear'")
        if not is_linear and (self.scale or self.offset or self.channel_order):
            raise ValueError(
                "a scale, an offset and an order of channels may be given for the preprocessing 'linear' only"
            )
        if any(numbers is not None and len(numbers) == 2 for numbers in (self.scale, self.offset)):
            raise ValueError("scale and offset have one number for all channels, or three")
        if self.scale is not None and 0 in self.scale:
            raise ValueError("no scale may be 0, which makes all pixels of a channel equal")
        if self.antialias and self.method is ResizeMethod.NEAREST:
            raise ValueError("antialias has no effect with the method 'nearest'")
        return self


class Image(Document):
    """Steps from an image file to a row of an input: decode, resize to the tensor's shape, then scale."""

    method: ResizeMethod
    antialias: bool
    """Take all pixels into account where an image is made smaller, as Pillow does."""
    channel_order: ChannelOrder | None = None
    """Order of the channels; absent for one channel: gray."""
    scale: list[float]
    """Factors: one for each channel, in the order of the model's channels."""
    offset: list[float]
    """A number of the tensor is pixel (0 to 255) * scale + offset."""
