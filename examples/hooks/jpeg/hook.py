"""Decodes a JPEG image for an image classifier. NumPy comes with the runtime, Pillow with this hook.

curl --data-binary @photo.jpg -H 'content-type: image/jpeg' …/v1/models/photos:predict
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from model_server.hook import RequestError, body
from PIL import Image, UnidentifiedImageError

SIZE = (224, 224)


def preprocess(event: dict[str, Any]) -> Any:
    """Return a batch of one image: 224 by 224 pixels, three colors between 0 and 1."""
    try:
        with Image.open(io.BytesIO(body(event)), formats=["JPEG"]) as picture:
            pixels = picture.convert("RGB").resize(SIZE, Image.Resampling.BILINEAR)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise RequestError(400, "the body is no complete JPEG image") from error
    return np.asarray(pixels, dtype=np.float32)[np.newaxis] / 255


def postprocess(outputs: dict[str, Any]) -> dict[str, Any]:
    """Return the best class by its number, and its score."""
    (scores,) = next(iter(outputs.values()))
    best = int(np.argmax(scores))
    return {"class": best, "score": scores[best]}
