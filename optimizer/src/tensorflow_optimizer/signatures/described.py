"""Description of a SavedModel's signature as a document: its reader needs neither the graph nor TensorFlow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedError
from .equal import computations
from .operators import is_python, operators_of
from .read import read_signatures
from .spec import SignatureSpec  # noqa: TC001 - pydantic reads it
from .state import all_writers, state_writers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class DescribedSignature:
    """One signature, and what a call of it reaches."""

    spec: SignatureSpec
    operators: dict[str, int]
    """Number of each operator in the graph, by name."""
    writers: list[str]
    """Operators by which a call may change a later answer."""
    all_writers: list[str]
    """Operators that write state, with those whose changes no answer depends on."""
    computation: int | None
    """Signatures that compute the same have the same number; None: that cannot be said."""


def describe_signatures_of(meta_graph: Any) -> dict[str, DescribedSignature]:
    """Describe the signatures, sorted by name.

    Raises:
        UnsupportedError: There is none.
    """
    specs = read_signatures(meta_graph)
    numbers = computations(meta_graph, specs.values())
    return {
        name: DescribedSignature(
            spec,
            dict(operators_of(meta_graph, spec)),
            state_writers(meta_graph, spec),
            all_writers(meta_graph, spec),
            numbers[name],
        )
        for name, spec in specs.items()
    }


def equal_among(signatures: Mapping[str, DescribedSignature], names: Iterable[str]) -> dict[str, str]:
    """Return, for each signature that computes the same as an earlier one, the earlier one's name.

    Args:
        signatures: Those of the model.
        names: Some of them; the one to keep comes first.
    """
    first: dict[int, str] = {}
    equals: dict[str, str] = {}
    for name in names:
        number = signatures[name].computation
        if number is not None and (kept := first.setdefault(number, name)) != name:
            equals[name] = kept
    return equals


def operators_in(signatures: Iterable[DescribedSignature]) -> Counter[str]:
    """Return the operators that the signatures reach; those that several reach count once."""
    operators: Counter[str] = Counter()
    for signature in signatures:
        operators |= Counter(signature.operators)
    return operators


def refuse_python(signature: DescribedSignature) -> None:
    """Refuse a signature that calls back into the Python program that made it.

    Raises:
        UnsupportedError: It does.
    """
    refused = sorted(filter(is_python, signature.operators))
    if refused:
        raise UnsupportedError(
            f"the signature {signature.spec.name!r} uses tf.py_function or tf.numpy_function ({', '.join(refused)}): "
            "it calls Python code that only the program has that exported the model; export it without"
        )
