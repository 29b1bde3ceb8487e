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
MOST_KNOWN = 2048
LONGEST_KNOWN = 32
_HEADS = (b'{"instances":[', b'{"inputs":[', b'{"instances": [', b'{"inputs": [')
_BESIDES_BRACKETS = b"0123456789+-.eE "


def read(signature: Signature, text: str) -> tuple[str, codec.Encoded] | None:
    """Return the member's name and its rows, encoded; None where the text is of another kind."""
    if len(text) < SMALLEST or len(signature.inputs) != 1 or not signature.batched or not text.isascii():
        return None
    body = text.encode("ascii")
    for head in _HEADS:
        if body.startswith(head) and body.endswith(b"]}"):
            (tensor,) = signature.inputs.values()
            rows = _encode(tensor, body[len(head) - 1 : -1])
            return None if rows is None else (head[2 : head.index(b":") - 1].decode(), rows)
    return None


def _encode(tensor: Tensor, value: bytes) -> codec.Encoded | None:
    # The order of the brackets and commas is right where it is that of so many rows.
    brackets = value.translate(None, _BESIDES_BRACKETS)
    row = _brackets(tensor.item_shape)
    count = (len(brackets) - 1) // (len(row) + 1)
    if count < 1 or brackets != b"[" + b",".join([row] * count) + b"]":
        return None
    numbers = _numbers(value, tensor.item_shape)
    try:
        # A picture has 256 shades, and the next one has the same.
        return codec.Encoded(count, b"".join(map(tensor.known.__getitem__, numbers)))
    except KeyError:
        pass
    different = set(numbers)
    try:
        if 2 * len(different) > len(numbers):
            return codec.Encoded(count, _stored(tensor, b",".join(numbers), len(numbers)))
        stored = _stored(tensor, b",".join(different), len(different))
    except (ValueError, TensorError):
        return None
    size = tensor.stored.size
    pieces = [stored[start : start + size] for start in range(0, len(stored), size)]
    encoded = dict(zip(different, pieces, strict=True))
    _remember(tensor.known, encoded)
    return codec.Encoded(count, b"".join(map(encoded.__getitem__, numbers)))


def _remember(known: dict[bytes, bytes], encoded: dict[bytes, bytes]) -> None:
    """Keep the bytes of numbers by their spelling; never more than `MOST_KNOWN` of `LONGEST_KNOWN` characters."""
    if len(known) + len(encoded) > MOST_KNOWN:
        known.clear()
    if len(encoded) <= MOST_KNOWN:
        known.update((number, piece) for number, piece in encoded.items() if len(number) <= LONGEST_KNOWN)


def _numbers(value: bytes, shape: list[int]) -> list[bytes]:
    """Return what stands between the separators that the shape demands.

    A number that stands anywhere else keeps a bracket or comma and so is no number to JSON.
    """
    comma = b", " if b", " in value[:1024] else b","  # as Python's own encoder has it, or as most others do
    depth = len(shape)
    inner = depth
    while inner and shape[depth - inner :] != [1] * inner:
        inner -= 1
    separator = b"]" * inner + comma + b"[" * inner
    for outer in range(depth, inner, -1):
        value = value.replace(b"]" * outer + comma + b"[" * outer, separator)
    return value[depth + 1 : -depth - 1].split(separator)


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
