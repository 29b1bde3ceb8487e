"""Wins back what full-integer quantization loses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..conversion import correct_biases, equalize
from ..errors import UnsupportedError
from .litert_artifact import calibration_rows, quantized
from .plans import Measure

if TYPE_CHECKING:
    from ..data import Dataset
    from ..processes.progress import Progress
    from .litert_artifact import LiteRtArtifact
    from .plans import LiteRtPlan

#: Samples that tell the means of channels; each costs a run for each layer.
_CORRECTION_ROWS = 64


def recovered(
    floats: LiteRtArtifact, plan: LiteRtPlan, signature: str, calibration: Dataset, progress: Progress
) -> LiteRtArtifact:
    """Return a file of floats with integers for weights and activations, after the measure of the plan.

    Raises:
        UnsupportedError: The measure changes nothing, or the file cannot be quantized.
    """
    rows = list(calibration_rows(calibration))
    progress.say("equalizing the channels of the layers")
    equalized, pairs = equalize(floats.content, signature, rows)
    if not pairs and plan.measure is Measure.EQUALIZATION:
        raise UnsupportedError(
            "no channels can be equalized: that needs a layer whose output only one other layer reads, with nothing "
            "but ReLU, pooling or padding between them"
        )
    progress.say(f"{pairs} pairs of layers were equalized")
    content = quantized(equalized, plan, signature, calibration, progress)
    if plan.measure is Measure.BIAS_CORRECTION:
        progress.say("correcting the biases")
        content = correct_biases(equalized, content, signature, rows[:_CORRECTION_ROWS])
    return replace(floats, content=content, floats=equalized)
