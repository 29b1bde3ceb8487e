"""Wins back what full-integer quantization loses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..conversion import LiteRtMode, correct_biases, equalize
from ..data import MINIMUM_TRAINING_SAMPLES
from ..errors import UnsupportedError
from ..hints import Hint
from ..processes import progress_events
from ..training.rounded import train_file
from .litert_artifact import calibration_rows, quantized
from .plans import Measure

if TYPE_CHECKING:
    from ..data import Dataset
    from ..processes.progress import Progress
    from ..training.training_data import TrainingData
    from .litert_artifact import LiteRtArtifact
    from .plans import LiteRtPlan

#: Samples that tell the means of channels; each costs a run for each layer.
_CORRECTION_ROWS = 64


def recovered(  # noqa: PLR0913, PLR0917 - what is quantized, how, and with what data
    floats: LiteRtArtifact,
    plan: LiteRtPlan,
    signature: str,
    calibration: Dataset,
    training_data: TrainingData,
    seed: int,
    progress: Progress,
) -> LiteRtArtifact:
    """Return a file of floats after the measure of the plan, and quantized if the plan is.

    Raises:
        UnsupportedError: The measure cannot be taken or changes nothing, or the file cannot be quantized.
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
    if plan.measure is Measure.TRAINING:
        equalized = _trained(equalized, plan, signature, rows, training_data, seed, progress)
        if plan.mode is LiteRtMode.FLOAT32:
            return replace(floats, content=equalized)
    content = quantized(equalized, plan, signature, calibration, progress)
    if plan.measure is Measure.BIAS_CORRECTION:
        progress.say("correcting the biases")
        content = correct_biases(equalized, content, signature, rows[:_CORRECTION_ROWS])
    return replace(floats, content=content, floats=equalized)


def _trained(  # noqa: PLR0913, PLR0917 - as above
    content: bytes,
    plan: LiteRtPlan,
    signature: str,
    rows: list[dict[str, Any]],
    training_data: TrainingData,
    seed: int,
    progress: Progress,
) -> bytes:
    training_set = training_data.for_recovery()
    if training_set is None or not training_set.targets:
        raise UnsupportedError(
            f"training needs {MINIMUM_TRAINING_SAMPLES} samples of its part of the evaluation data, which has "
            f"{training_data.count}, and an output of scores or amounts; give more data",
            Hint.EVALUATION_DATA,
        )
    simulate = plan.mode is not LiteRtMode.FLOAT32
    how = "with simulated quantization" if simulate else "in floats"
    progress.say(f"training {how} on {training_set.dataset.count} samples")
    with progress_events.counting(f"epochs of training {how}"):
        trained, problem = train_file(content, signature, rows, training_set, simulate=simulate, seed=seed)
    if problem is not None:
        progress.warn(f"training was given up ({problem}); the weights are as good as they were until then")
    return trained
