"""The usual large request, `{"instances": [[0.0, 0.5, ...]]}`, from its text to the bytes of the tensor at once.

The way through nested lists makes a Python object of every bracket and every number, which for an image takes as long
as the model. Here the brackets are compared with those that the shape demands, and the numbers are read as one flat
list; where they repeat, as a picture's do, each different one is read and encoded once.

Whatever is not exactly this case is left to the general way, which also finds the words for what is wrong. Numbers are
read by the same scanner on both ways, so that both take the same ones.
"""

from __future__ import annotations

from . import codec, json_text
from .errors import TensorError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .description import Signature, Tensor

SMALLEST = 1024
"""Shorter texts take the general way: there is nothing to win."""
_HEADS = (b'{"instances":[', b'{"inputs":[')
_NUMBER = b"0123456789+-.eE"
_DIGITS = bytes(ord("0") if byte in _NUMBER else byte for byte in range(256))
_SPACES = bytes(ord(" ") if byte in b"[]" else byte for byte in range(256))


def read(signature: Signature, text: str) -> tuple[str, codec.Encoded] | None:
    """Return the member's name and its rows, encoded; None where the text is of another kind."""
    if len(text) < SMALLEST or len(signature.inputs) != 1 or not signature.batched or not text.isascii():
        return None
    # The separators of Python's own encoder. Other whitespace is left to the general way.
    body = text.encode("ascii").replace(b", ", b",").replace(b": ", b":")
    for head in _HEADS:
        if body.startswith(head) and body.endswith(b"]}"):
            (tensor,) = signature.inputs.values()
            rows = _encode(tensor, body[len(head) - 1 : -1])
            return None if rows is None else (head[2 : head.index(b":") - 1].decode(), rows)
    return None


def _encode(tensor: Tensor, value: bytes) -> codec.Encoded | None:
    shape = value.translate(_DIGITS)
    # A number stands between a bracket or comma and the next one. So a bracket that opens follows no number, and none
    # follows a bracket that closes; what else there may be besides numbers fails in the comparison.
    if b"0[" in shape or b"]0" in shape:
        return None
    brackets = shape.translate(None, b"0")
    row = _brackets(tensor.item_shape)
    count = (len(brackets) - 1) // (len(row) + 1)
    if count < 1 or brackets != b"[" + b",".join([row] * count) + b"]":
        return None
    numbers = value.translate(None, b"[]").split(b",")
    different = set(numbers)
    try:
        if 2 * len(different) > len(numbers):
            return codec.Encoded(count, _stored(tensor, value.translate(_SPACES)[1:-1], len(numbers)))
        stored = _stored(tensor, b",".join(different), len(different))
    except (ValueError, TensorError):
        return None
    size = tensor.stored.size
    pieces = [stored[start : start + size] for start in range(0, len(stored), size)]
    encoded = dict(zip(different, pieces, strict=True))
    return codec.Encoded(count, b"".join(map(encoded.__getitem__, numbers)))


def _stored(tensor: Tensor, numbers: bytes, count: int) -> bytes:
    """Encode numbers in JSON's spelling, with commas between them.

    Raises:
        ValueError: one is missing, or spelled as JSON does not.
        TensorError: the tensor cannot take one of them.
    """
    return codec.encode(tensor, json_text.loads(f"[{numbers.decode()}]"), [count])


def _brackets(shape: list[int]) -> bytes:
    """Return what JSON has of nested lists of `shape` besides the numbers."""
    text = b""
    for size in reversed(shape):
        text = b"[" + b",".join([text] * size) + b"]"
    return text
