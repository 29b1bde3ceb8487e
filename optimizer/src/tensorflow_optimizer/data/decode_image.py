"""Decodes images by TensorFlow's own decoders and `tf.image.resize`: in the sandbox alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.image import ChannelOrder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..documents.image import Image

_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_REASON_LIMIT = 200


def decode_image(content: bytes, image: Image, size: Sequence[int], dtype: str) -> NDArray[Any]:
    """Return the numbers of an image: one row of the input, without its dimension of rows.

    Args:
        content: The file.
        image: What becomes of its pixels.
        size: Height, width and channels.
        dtype: Type of the input.

    Raises:
        ValueError: It is no whole JPEG or PNG.
    """
    import tensorflow as tf

    if not content.startswith(_BEGINNINGS):
        raise ValueError("it is neither a JPEG nor a PNG")
    height, width, channels = size
    try:
        # It decodes both formats. The servers' JPEG decoder is as accurate; TensorFlow's default is not.
        pixels = tf.io.decode_jpeg(content, channels=channels, dct_method="INTEGER_ACCURATE")
    except tf.errors.InvalidArgumentError as error:
        raise ValueError((error.message or "it is damaged")[:_REASON_LIMIT]) from error
    resized = tf.image.resize(pixels, (height, width), image.method.value, antialias=image.antialias)
    values: NDArray[Any] = resized.numpy().astype(np.float32)
    if image.channel_order is ChannelOrder.BGR:
        values = values[..., ::-1]
    scaled: NDArray[Any] = values * np.asarray(image.scale, np.float32) + np.asarray(image.offset, np.float32)
    target = np.dtype(dtype)
    if target.kind == "f":
        return scaled.astype(target)
    # A cubic may be beyond the pixels that it is made of.
    limits = np.iinfo(target)
    rounded: NDArray[Any] = np.clip(np.rint(scaled), limits.min, limits.max).astype(target)
    return rounded
