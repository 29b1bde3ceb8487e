"""The reference of a converted model: the answers that the program gave which the model was converted from.

A converter may change a model without saying so, and its own answers would then prove nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BadInputError

if TYPE_CHECKING:
    from ..data import Dataset
    from ..runners.runner import Arrays

WAY_OUT = (
    "either the conversion changed the model, or the answers are of other inputs (of another scale, order or layout): "
    "convert it anew, and compare one row in both programs"
)


def given_answers(dataset: Dataset, own: Arrays) -> Arrays:
    """Return the answers in the data, in the types of the model's own.

    Args:
        dataset: Samples with answers.
        own: The model's own answers to them.

    Raises:
        BadInputError: They differ in shape.
    """
    other = {name: value for name, value in own.items() if dataset.answers[name].shape != value.shape}
    if other:
        listed = "; ".join(
            f"{name!r}: {list(dataset.answers[name].shape[1:])} and {list(value.shape[1:])}"
            for name, value in other.items()
        )
        raise BadInputError(
            f"answers of {dataset.program} and of the model to optimize differ in shape ({listed}, a row); {WAY_OUT}"
        )
    return {name: dataset.answers[name].astype(value.dtype) for name, value in own.items()}
