"""Inputs that take images: which one, and the numbers of its pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..documents.image import ChannelOrder, Image, Preprocessing
from ..errors import BadInputError
from ..hints import Hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..documents.image import ImageInput
    from ..documents.manifest import Signature

#: Types of a tensor whose values a server computes from pixels.
_TYPES = ("float32", "float16", "uint8", "int8")
_COLORS = 3
_LARGEST_PIXEL = 255.0
_HINT = Hint.IMAGE_INPUT

#: ImageNet's means and standard deviations, in the order of each mode's channels.
_CAFFE_MEANS = (103.939, 116.779, 123.68)
_TORCH_MEANS, _TORCH_DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SCALES = {
    Preprocessing.ZERO_TO_255: [1.0],
    Preprocessing.ZERO_TO_ONE: [1 / 255],
    Preprocessing.MINUS_ONE_TO_ONE: [1 / 127.5],
    Preprocessing.CAFFE: [1.0] * _COLORS,
    Preprocessing.TORCH: [1 / (255 * deviation) for deviation in _TORCH_DEVIATIONS],
}
_OFFSETS = {
    Preprocessing.MINUS_ONE_TO_ONE: [-1.0],
    Preprocessing.CAFFE: [-mean for mean in _CAFFE_MEANS],
    Preprocessing.TORCH: [-mean / deviation for mean, deviation in zip(_TORCH_MEANS, _TORCH_DEVIATIONS, strict=True)],
}


def image_input(asked: ImageInput, inputs: Sequence[str]) -> str:
    """Return the name of the input that takes images.

    Raises:
        BadInputError: There is no such input, or more than one and none is named.
    """
    listed = ", ".join(map(repr, inputs))
    if asked.input is None:
        if len(inputs) == 1:
            return inputs[0]
        raise BadInputError(f"the model has {len(inputs)} inputs ({listed}): name the one that takes images", _HINT)
    if asked.input not in inputs:
        raise BadInputError(
            f"images are for the input {asked.input!r}, and the model's inputs are {listed}: name one of them", _HINT
        )
    return asked.input


def image_of(asked: ImageInput, name: str, dtype: str, shape: Sequence[int | None] | None) -> Image:
    """Return the numbers for the pixels of an input.

    Args:
        asked: What the job asks for.
        name: The input's name.
        dtype: Its type.
        shape: Its shape, as far as it is known.

    Raises:
        BadInputError: No image fits the input.
    """
    item = list(shape or ())[1:]
    shown = f"{dtype}[{', '.join('?' if size is None or size < 0 else str(size) for size in shape or ())}]"
    if len(item) != 3 or any(size is None or size < 1 for size in item) or item[2] not in (1, _COLORS):
        raise BadInputError(
            f"the input {name!r} is {shown}, and an image has the shape rows, height, width, channels, all but the "
            "rows known, with 1 or 3 channels: give its whole shape where the model leaves it open, or send numbers",
            Hint.INPUT_SHAPES,
            _HINT,
        )
    if dtype not in _TYPES:
        raise BadInputError(
            f"the input {name!r} is {shown}, and images become {', '.join(_TYPES)}: send numbers instead", _HINT
        )
    image = _image(asked, name, item[2] or 0)
    _check_range(image, name, dtype)
    return image


def with_image(signatures: dict[str, Signature], default: str, asked: ImageInput) -> dict[str, Signature]:
    """Return the signatures with the image on the input of the default one, and on its like in the others."""
    name = image_input(asked, list(signatures[default].inputs))
    tensor = signatures[default].inputs[name]
    image = image_of(asked, name, tensor.dtype, tensor.shape)
    changed = {}
    for key, signature in signatures.items():
        other = signature.inputs.get(name)
        alike = other is not None and (other.dtype, other.shape) == (tensor.dtype, tensor.shape)
        inputs = {**signature.inputs, name: other.model_copy(update={"image": image})} if other and alike else None
        changed[key] = signature.model_copy(update={"inputs": inputs}) if inputs else signature
    return changed


def _image(asked: ImageInput, name: str, channels: int) -> Image:
    scale = asked.scale or _SCALES[asked.preprocessing]
    offset = asked.offset or _OFFSETS.get(asked.preprocessing, [0.0])
    order = ChannelOrder.BGR if asked.preprocessing is Preprocessing.CAFFE else asked.channel_order
    if channels == 1 and (order is not None or max(len(scale), len(offset)) > 1):
        raise BadInputError(
            f"the input {name!r} has one channel, and {asked.preprocessing.value} is asked for with three: give one "
            "number for scale and offset, and no order of channels",
            _HINT,
        )
    if channels == _COLORS and order is None:
        order = ChannelOrder.RGB
    return Image(
        method=asked.method,
        antialias=asked.antialias,
        channel_order=order,
        scale=scale * (channels // len(scale)),
        offset=offset * (channels // len(offset)),
    )


def _check_range(image: Image, name: str, dtype: str) -> None:
    """Refuse numbers that the type cannot hold, and those of which it rounds nearly all to the same."""
    ends = [
        value
        for scale, offset in zip(image.scale, image.offset, strict=True)
        for value in (offset, _LARGEST_PIXEL * scale + offset)
    ]
    low, high = min(ends), max(ends)
    target = np.dtype(dtype)
    limits = np.finfo(target) if target.kind == "f" else np.iinfo(target)
    if low < float(limits.min) or high > float(limits.max):
        raise BadInputError(
            f"the input {name!r} is {dtype}, which holds {float(limits.min):g} to {float(limits.max):g}, and its "
            f"pixels would become {low:g} to {high:g}: give another scale and offset",
            _HINT,
        )
    if target.kind != "f" and any(abs(scale) * _LARGEST_PIXEL < 2 for scale in image.scale):
        raise BadInputError(
            f"the input {name!r} is {dtype}, whole numbers, and its pixels would become {low:g} to {high:g}: give a "
            "larger scale, such as 1",
            _HINT,
        )
