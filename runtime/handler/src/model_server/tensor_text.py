"""Encodes the usual large request, `{"instances": [[0.0, 0.5, ...]]}`, from its text directly to a tensor's bytes.

Nested lists need a Python object for every bracket and number, which for an image takes as long as the model. This
module splits the text at the brackets that the shape requires and reads the numbers as one flat list; repeated numbers,
as in an image, are read and encoded once.

Any other text is left to the general code, which also describes errors. Both use the same scanner for numbers, so they
accept the same ones.
"""

from __future__ import annotations

from _operator import itemgetter  # without the Python half, which takes longer to import than all of this

from . import codec, json_text
from .description import TensorError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from .description import Signature, Tensor

SMALLEST = codec.SMALLEST_TEXT
MOST_KNOWN = 2048
LONGEST_KNOWN = 32
_HEADS = ('{"instances":[', '{"inputs":[', '{"instances": [', '{"inputs": [')
_LINE_NUMBERS, _BLOCK_NUMBERS = 16, 256
"""Fewest numbers for which a piece of text is worth decoding on its own: in one list, and in nested lists."""
_BESIDES_BRACKETS = str.maketrans("", "", "0123456789+-.eE ")


class _OtherShapeError(Exception):
    """The brackets do not match such rows."""


def read(signature: Signature, text: str) -> tuple[str, codec.Encoded] | None:
    """Return the member's name and its encoded rows; None if the text is of another kind."""
    if len(text) < SMALLEST or len(signature.inputs) != 1 or not signature.batched or not text.isascii():
        return None
    for head in _HEADS:
        if text.startswith(head) and text.endswith("]}"):
            (tensor,) = signature.inputs.values()
            try:
                return head[2 : head.index(":") - 1], _encode(tensor, text[len(head) - 1 : -1])
            except (_OtherShapeError, ValueError, TensorError):
                return None
    return None


def _encode(tensor: Tensor, value: str) -> codec.Encoded:
    parts: list[bytes] = []
    numbers: list[str] = []
    total = 0
    for some in _lines(value, tensor.item_shape):
        numbers += some
        if len(numbers) >= codec.AT_ONCE:
            parts.append(_stored(tensor, numbers))
            total += len(numbers)
            numbers = []
    if numbers:
        parts.append(_stored(tensor, numbers))
        total += len(numbers)
    return codec.Encoded(total // tensor.count, b"".join(parts))


def _lines(value: str, shape: list[int]) -> Iterator[list[str]]:
    """Yield the text between the separators that rows of `shape` require, a number each if the text is right.

    Any other text contains a bracket or comma, so it is not a number in JSON.

    Raises:
        _OtherShapeError: The rows have another shape.
    """
    depth = len(shape)
    ends = depth + 1
    if not value.startswith("[" * ends) or not value.endswith("]" * ends):
        raise _OtherShapeError
    comma = ", " if ", " in value[:SMALLEST] else ","  # as Python's own encoder has it, or as most others do
    # Separators between two numbers, between two innermost lists, and so on up to two rows.
    separators = ["]" * level + comma + "[" * level for level in range(ends)]
    sizes = [1]
    for dimension in reversed(shape):
        sizes.append(sizes[-1] * dimension)
    lines = [value[ends:-ends]]
    level = depth
    # The size of lists with only one dimension other than 1 is that dimension.
    while sizes[level] >= (_LINE_NUMBERS if sizes[level] == max(shape[depth - level :], default=1) else _BLOCK_NUMBERS):
        pieces: list[str] = []
        for line in lines:
            parts = line.split(separators[level])
            if level < depth and len(parts) != shape[-level - 1]:
                raise _OtherShapeError
            pieces += parts
        lines = pieces
        level -= 1
    rest = shape[-level - 1 :] if level < depth else [lines[0].count(separators[depth]) + 1, *shape]
    yield from _numbers(lines, rest, separators)


def _numbers(lines: list[str], shape: list[int], separators: list[str]) -> Iterator[list[str]]:
    """Yield the numbers of each line, which contains lists of `shape` without the outermost brackets."""
    level = len(shape)
    inner = 0
    while inner < level and shape[-inner - 1] == 1:
        inner += 1
    if inner == level:
        yield lines
        return
    separator, further = separators[inner], separators[level - 1 : inner : -1]
    count = 1
    for dimension in shape:
        count *= dimension
    # Brackets and commas are in the right order if it is that of these lists.
    brackets = _brackets(shape)[level:-level] if further else ""
    before: str | None = None
    spelled: list[str] = []
    for line in lines:
        if line == before:  # as the margins of a picture are
            yield spelled
            continue
        before = numbers = line
        if further:
            if line.translate(_BESIDES_BRACKETS) != brackets:
                raise _OtherShapeError
            for outer in further:
                numbers = numbers.replace(outer, separator)
        spelled = numbers.split(separator)
        if len(spelled) != count:
            raise _OtherShapeError
        yield spelled


def _brackets(shape: list[int]) -> str:
    """Return the JSON text of nested lists of `shape` without the numbers."""
    text = ""
    for size in reversed(shape):
        text = "[" + ",".join([text] * size) + "]"
    return text


def _stored(tensor: Tensor, numbers: list[str]) -> bytes:
    """Encode numbers as spelled in JSON.

    Raises:
        ValueError: One is missing, or is not valid JSON.
        TensorError: The tensor cannot take one of them.
    """
    known = tensor.known
    try:
        # An image has 256 shades, and the next image has the same. itemgetter of one number returns no tuple.
        return b"".join(itemgetter(*numbers)(known)) if len(numbers) > 1 else known[numbers[0]]
    except KeyError:
        pass
    different = set(numbers)
    if 2 * len(different) > len(numbers):
        return _read(tensor, numbers)
    stored = _read(tensor, different)
    size = tensor.stored.size
    pieces = [stored[start : start + size] for start in range(0, len(stored), size)]
    encoded = dict(zip(different, pieces, strict=True))
    _remember(known, encoded)
    return b"".join(map(encoded.__getitem__, numbers))


def _read(tensor: Tensor, numbers: Collection[str]) -> bytes:
    return codec.encode(tensor, json_text.loads(f"[{','.join(numbers)}]"), [len(numbers)])


def _remember(known: dict[str, bytes], encoded: dict[str, bytes]) -> None:
    """Cache the bytes of numbers by their spelling; at most `MOST_KNOWN`, of at most `LONGEST_KNOWN` characters."""
    if len(known) + len(encoded) > MOST_KNOWN:
        known.clear()
    if len(encoded) <= MOST_KNOWN:
        known.update((number, piece) for number, piece in encoded.items() if len(number) <= LONGEST_KNOWN)
