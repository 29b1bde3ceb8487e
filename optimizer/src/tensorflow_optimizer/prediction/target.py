"""A model that is asked, and the rows as it takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import BadInputError, RunError
from ..evaluation.answers import answers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..data import Dataset
    from ..runners import Runner
    from ..runners.runner import Arrays
    from ..signatures import SignatureSpec

#: Images that are read and decoded at once.
PICTURES_AT_ONCE = 16
#: Most rows of a call, and most bytes of its inputs: a function takes 6 MB of JSON.
_MOST_ROWS, _MOST_BYTES = 32, 1 << 20


@dataclass(frozen=True)
class Target:
    """A model, and what is known of it."""

    name: str
    """The path or address that the caller gave."""
    signature: SignatureSpec
    """The signature that is called."""
    batched: bool | None
    """True: dimension 0 of its inputs is the batch. None: the data's rank decides."""
    shapes: dict[str, list[int]] | None
    """Complete shapes of the inputs, where the model fixes all of them."""
    runner: Runner
    pictures: Callable[[Sequence[tuple[str, bytes]]], Dataset]
    """Makes rows of image files, each with its name. Raises BadInputError where the model takes none."""

    def answers(self, dataset: Dataset) -> Arrays:
        """Return the outputs for all rows, dimension 0 being the row.

        Raises:
            BadInputError: The model cannot compute the rows.
            OptimizerError: It cannot be asked.
        """
        row = sum(value[:1].nbytes for value in dataset.inputs.values())
        at_once = max(1, min(_MOST_ROWS, _MOST_BYTES // max(1, row)))
        try:
            answers = answers_of(self.runner, self.signature.name, dataset, at_once)
        except RunError as error:
            raise BadInputError(f"{self.name} cannot compute the rows: {error}") from error
        return answers


def paired(what: str, ours: list[str], theirs: list[str]) -> dict[str, str]:
    """Return the second model's names by those of the first.

    Args:
        what: What is named, for the error: inputs or outputs.
        ours: Names of the first model.
        theirs: Names of the second one.

    Raises:
        BadInputError: Both have several, and others.
    """
    if len(ours) == len(theirs) == 1:
        return {ours[0]: theirs[0]}
    if set(ours) != set(theirs):
        raise BadInputError(
            f"the models have other {what} ({', '.join(map(repr, ours))}; {', '.join(map(repr, theirs))}) and cannot "
            "be compared; give two models with the same signature"
        )
    return {name: name for name in ours}
