"""Wins back what full-integer quantization loses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..conversion import LiteRtMode, correct_biases, equalize
from ..data import MINIMUM_TRAINING_SAMPLES
from ..errors import UnsupportedError
from ..hints import Hint
from ..processes import progress_events
from ..training.rounded import train_file
from .plans import Measure
from .quantized_file import calibration_rows, quantized

if TYPE_CHECKING:
    from ..data import Dataset
    from ..processes.progress import Progress
    from ..training.training_set import TrainingSet
    from .plans import LiteRtPlan

#: Samples that tell the means of channels; each costs a run for each layer.
_CORRECTION_ROWS = 64


@dataclass(frozen=True)
class Recovery:
    """Takes the measure of a plan on a file of floats, and quantizes it."""

    signature: str
    """The signature that there is data for."""
    calibration: Dataset
    training_set: TrainingSet | None
    """Samples to train on; None: there are too few."""
    training_count: int
    """Samples of the training split."""
    seed: int
    progress: Progress

    def recovered(self, floats: bytes, plan: LiteRtPlan) -> tuple[bytes, bytes | None]:
        """Return a file of floats after the measure of the plan, and quantized if the plan is.

        Returns:
            The file, and the file of floats that it was quantized from.

        Raises:
            UnsupportedError: The measure cannot be taken or changes nothing, or the file cannot be quantized.
        """
        rows = list(calibration_rows(self.calibration))
        self.progress.say("equalizing the channels of the layers")
        equalized, pairs = equalize(floats, self.signature, rows)
        if not pairs and plan.measure is Measure.EQUALIZATION:
            raise UnsupportedError(
                "no channels can be equalized: that needs a layer whose output only one other layer reads, with "
                "nothing but ReLU, pooling or padding between them"
            )
        self.progress.say(f"{pairs} pairs of layers were equalized")
        if plan.measure is Measure.TRAINING:
            equalized = self._trained(equalized, rows, simulate=plan.mode is not LiteRtMode.FLOAT32)
            if plan.mode is LiteRtMode.FLOAT32:
                return equalized, None
        content = quantized(equalized, plan, self.signature, self.calibration, self.progress)
        if plan.measure is Measure.BIAS_CORRECTION:
            self.progress.say("correcting the biases")
            content = correct_biases(equalized, content, self.signature, rows[:_CORRECTION_ROWS])
        return content, equalized

    def _trained(self, content: bytes, rows: list[dict[str, Any]], *, simulate: bool) -> bytes:
        training_set = self.training_set
        if training_set is None or not training_set.targets:
            raise UnsupportedError(
                f"training needs {MINIMUM_TRAINING_SAMPLES} samples of its part of the evaluation data, which has "
                f"{self.training_count}, and an output of scores or amounts; give more data",
                Hint.EVALUATION_DATA,
            )
        how = "with simulated quantization" if simulate else "in floats"
        self.progress.say(f"training {how} on {training_set.dataset.count} samples")
        with progress_events.counting(f"epochs of training {how}"):
            trained, problem = train_file(content, rows, training_set, simulate=simulate, seed=self.seed)
        if problem is not None:
            self.progress.warn(f"training was given up ({problem}); the weights are as good as they were until then")
        return trained
