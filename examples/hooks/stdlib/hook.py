"""Decodes a portable graymap (PGM, P5) of 28 by 28 pixels for the digits model. Needs only the standard library.

curl --data-binary @seven.pgm -H 'content-type: image/x-portable-graymap' …/v1/models/digits:predict
{"digit": 7, "probability": 0.998}
"""

from __future__ import annotations

import re
from typing import Any

from model_server.hook import RequestError, body

SIZE = 28
HEADER = re.compile(rb"P5\s+(?:#[^\n]*\n\s*)*(\d+)\s+(\d+)\s+(\d+)\s")


def preprocess(event: dict[str, Any]) -> list[Any]:
    """Return a batch of one image, each pixel between 0 and 1."""
    image = body(event)
    header = HEADER.match(image)
    if header is None:
        raise RequestError(400, "the body is no binary portable graymap (P5)")
    width, height, brightest = map(int, header.groups())
    pixels = image[header.end() :]
    if (width, height) != (SIZE, SIZE) or not 0 < brightest < 256 or len(pixels) != SIZE * SIZE:
        raise RequestError(400, f"the image must have {SIZE} by {SIZE} pixels of one byte, got {width} by {height}")
    rows = [pixels[start : start + SIZE] for start in range(0, len(pixels), SIZE)]
    return [[[[pixel / brightest] for pixel in row] for row in rows]]


def postprocess(outputs: dict[str, Any]) -> dict[str, Any]:
    """Return the most probable digit and its probability."""
    (scores,) = next(iter(outputs.values()))
    best = max(range(len(scores)), key=scores.__getitem__)
    return {"digit": best, "probability": round(scores[best], 4)}
