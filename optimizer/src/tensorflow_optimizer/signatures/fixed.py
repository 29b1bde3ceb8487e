"""The shape rule: which unknown dimension is the batch, and which must be specified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import BadInputError, UnsupportedError
from ..hints import Hint
from .spec import STRING, SignatureSpec

if TYPE_CHECKING:
    from .spec import Shape, TensorSpec

#: Mark in a given shape: dimension 0 is the batch.
BATCH = -1


@dataclass(frozen=True)
class FixedSignature:
    """A signature whose inputs have fully known shapes."""

    spec: SignatureSpec
    batched: bool
    """Dimension 0 of every input and output is the batch, fixed to 1 in `shapes`."""
    shapes: dict[str, list[int]]
    """Shapes of the inputs, by name."""

    @property
    def name(self) -> str:
        """The signature's name."""
        return self.spec.name

    def item_shape(self, name: str) -> list[int]:
        """Shape of one row of an input; the complete shape if there is no batch."""
        return self.shapes[name][1:] if self.batched else self.shapes[name]


def fix_shapes(spec: SignatureSpec, given: dict[str, list[int]] | None) -> FixedSignature:
    """Fix every dimension of a signature's inputs.

    Args:
        spec: The model's declaration.
        given: Complete shapes by input name, from the job.

    Raises:
        BadInputError: A given shape contradicts the model's.
        UnsupportedError: A dimension stays unknown.
    """
    given_shapes = given or {}
    for name in spec.inputs.keys() & given_shapes.keys():
        _check_given(spec, name, given_shapes[name])
    batched = is_batched(spec, given_shapes)
    shapes: dict[str, list[int]] = {}
    problems: list[str] = []
    for name, tensor in spec.inputs.items():
        shape = _fixed(tensor, given_shapes.get(name), batched=batched)
        if shape is None:
            problems.append(f"{name!r} is {tensor}")
        else:
            shapes[name] = shape
    whole = [name for name, tensor in spec.outputs.items() if tensor.shape is not None and None not in tensor.shape[:1]]
    if problems and whole and all(_may_be_batch(tensor, None) for tensor in spec.inputs.values()):
        raise UnsupportedError(
            f"the signature {spec.name!r} takes many rows ({', '.join(problems)}), and not all of its outputs are one "
            f"for each row ({', '.join(f'{name!r} is {spec.outputs[name]}' for name in whole)}), so that rows cannot "
            "be separated; leave these outputs out of the signature, or give the input shapes, whole ones with a fixed "
            "first dimension",
            Hint.INPUT_SHAPES,
        )
    if problems:
        example = ", ".join(f"{name!r}: [{_example(tensor)}]" for name, tensor in spec.inputs.items())
        raise UnsupportedError(
            f"the signature {spec.name!r} has inputs with unknown dimensions ({', '.join(problems)}) and LiteRT needs "
            f"all of them; give the input shapes, whole ones such as {{{example}}}, "
            f"with {BATCH} first where that is the batch",
            Hint.INPUT_SHAPES,
        )
    return FixedSignature(spec, batched, shapes)


def is_batched(spec: SignatureSpec, given: dict[str, list[int]]) -> bool:
    """Say whether dimension 0 of all inputs and outputs is the batch.

    It is if it is unknown everywhere and every input of numbers has a rank of at least 2: a lone unknown dimension may
    as well be a length (audio), and fixing it to one sample would change the model.
    """
    if not spec.inputs:
        return False
    inputs = all(_may_be_batch(tensor, given.get(name)) for name, tensor in spec.inputs.items())
    outputs = all(
        tensor.shape is None or (tensor.shape and tensor.shape[0] is None) for tensor in spec.outputs.values()
    )
    return inputs and outputs


def _may_be_batch(tensor: TensorSpec, given: list[int] | None) -> bool:
    declared = bool(given) and given is not None and given[0] == BATCH
    shape = tensor.shape if tensor.shape is not None else (None,) * len(given or [])
    if not shape or shape[0] is not None:
        return False
    if declared:
        return True
    # No text is a row of numbers, so that a lone dimension of texts is no length.
    least = 1 if tensor.dtype == STRING else 2
    return len(shape) >= least and (given is None or given[0] == 1)


def _fixed(tensor: TensorSpec, given: list[int] | None, *, batched: bool) -> list[int] | None:
    shape: Shape | None = tuple(given) if given is not None else tensor.shape
    if shape is None:
        return None
    fixed = [1 if batched and position == 0 else size for position, size in enumerate(shape)]
    known = [size for size in fixed if size is not None and size >= 0]
    return known if len(known) == len(fixed) else None


def _check_given(spec: SignatureSpec, name: str, given: list[int]) -> None:
    tensor = spec.inputs[name]
    if any(size < 1 and not (position == 0 and size == BATCH) for position, size in enumerate(given)):
        raise BadInputError(
            f"the input {name!r} was given the shape {given}; every dimension must be 1 or more (dimension 0 may be "
            "-1, the batch)",
            Hint.INPUT_SHAPES,
        )
    if tensor.shape is None:
        return
    fits = len(given) == len(tensor.shape) and all(
        own is None or own == size for own, size in zip(tensor.shape, given, strict=True)
    )
    if not fits:
        raise BadInputError(
            f"the input {name!r} was given the shape {given}, but the model takes {tensor}; give a whole shape, the "
            "batch dimension included, that differs from it only where a dimension is unknown (?)",
            Hint.INPUT_SHAPES,
        )


def _example(tensor: TensorSpec) -> str:
    if tensor.shape is None:
        return "…"
    return ", ".join("…" if size is None else str(size) for size in tensor.shape)
