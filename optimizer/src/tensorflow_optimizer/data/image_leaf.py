"""Decodes images in a sandbox: who parses them is a library of C, and who made them may be a stranger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.image import Image
from ..errors import BadInputError, OptimizerError
from ..processes.plain_text import one_line
from .decode_image import decode_image
from .image_size import check_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..sandbox import Channel, Sandbox

_TASK = f"{__name__}:decode"
#: Most images, and most bytes of their files, in one request to the process that decodes them.
_MOST_FILES, _MOST_BYTES = 64, 16 << 20
_REASON_LIMIT = 200
#: Time limit for the images of one request.
_SECONDS = 600.0


def decode_images(
    sandbox: Sandbox, images: Iterable[tuple[str, bytes]], image: Image, size: Sequence[int], dtype: str
) -> Iterator[NDArray[Any]]:
    """Yield the numbers of each image: one row of the input, without its dimension of rows.

    Args:
        sandbox: Where the images are decoded.
        images: The name of each, for errors, and its content.
        image: What becomes of pixels.
        size: Height, width and channels.
        dtype: Type of the input.

    Raises:
        BadInputError: One is no whole JPEG or PNG, or larger than servers take.
        OptimizerError: The process that decodes them did not answer as it must.
    """
    request = {"image": image.to_data(), "size": list(size), "dtype": dtype}
    bytes_of_row = int(np.prod(size)) * np.dtype(dtype).itemsize
    with sandbox.leaf(_TASK, subject="image") as leaf:
        for names, contents in _groups(images):
            files = np.empty(len(contents), dtype=object)
            files[:] = contents
            answer = leaf.ask(request, {"files": files}, answer_bytes=len(contents) * bytes_of_row, seconds=_SECONDS)
            said = answer.document if isinstance(answer.document, dict) else {}
            if "damaged" in said:
                raise _damaged(names, said)
            rows = answer.arrays.get("rows")
            if rows is None or rows.shape != (len(contents), *size) or rows.dtype != dtype:
                raise OptimizerError("the process that decodes images answered others than it was asked for")
            yield from rows


def _groups(images: Iterable[tuple[str, bytes]]) -> Iterator[tuple[list[str], list[bytes]]]:
    names: list[str] = []
    contents: list[bytes] = []
    total = 0
    for name, content in images:
        try:
            check_size(content)
        except ValueError as error:
            raise _cannot_be_decoded(name, str(error)) from None
        if contents and (len(contents) >= _MOST_FILES or total + len(content) > _MOST_BYTES):
            yield names, contents
            names, contents, total = [], [], 0
        names.append(name)
        contents.append(content)
        total += len(content)
    if contents:
        yield names, contents


def _damaged(names: list[str], document: dict[str, Any]) -> OptimizerError:
    number, reason = document["damaged"], document.get("reason")
    if type(number) is not int or not 0 <= number < len(names) or not isinstance(reason, str):
        return OptimizerError("the process that decodes images answered something else than images")
    return _cannot_be_decoded(names[number], one_line(reason, _REASON_LIMIT))


def _cannot_be_decoded(name: str, reason: str) -> BadInputError:
    return BadInputError(f"{name} cannot be decoded: {reason}")


def decode(channel: Channel, directory: Path) -> None:  # noqa: ARG001 - a task of the sandbox, which needs no files
    """Answer requests for rows. Runs in the sandbox."""
    for request in channel:
        asked = request.document
        image = Image.model_validate(asked["image"])
        rows = []
        for number, content in enumerate(request.arrays["files"]):
            try:
                rows.append(decode_image(content, image, asked["size"], asked["dtype"]))
            except ValueError as error:
                channel.answer({"damaged": number, "reason": str(error)})
                break
        else:
            channel.answer({}, {"rows": np.stack(rows)})
