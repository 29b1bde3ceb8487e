"""The quantization step of job.json. Operations and their quantizations have the names of litert-quantizer."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import model_validator

from .document import Document


class Operation(StrEnum):
    """A kind of layer in a LiteRT model."""

    ALL_SUPPORTED = "*"
    """Every operation that none of the others names."""
    FULLY_CONNECTED = "FULLY_CONNECTED"
    BATCH_MATMUL = "BATCH_MATMUL"
    CONV_2D = "CONV_2D"
    CONV_2D_TRANSPOSE = "CONV_2D_TRANSPOSE"
    DEPTHWISE_CONV_2D = "DEPTHWISE_CONV_2D"


class LayerQuantization(StrEnum):
    """The types of an operation's weights (w) and activations (a): integers (i) or floats (fp) of so many bits."""

    NO_QUANTIZE = "no_quantize"
    WEIGHT_ONLY_WI8_AFP32 = "weight_only_wi8_afp32"
    """Computed in float32."""
    DYNAMIC_WI8_AFP32 = "dynamic_wi8_afp32"
    """Activations become integers when the model runs."""
    DYNAMIC_WI4B32_AFP32 = "dynamic_wi4b32_afp32"
    """4-bit weights with a scale for each block of 32 of them."""
    DYNAMIC_WI4B64_AFP32 = "dynamic_wi4b64_afp32"
    DYNAMIC_WI4B128_AFP32 = "dynamic_wi4b128_afp32"
    STATIC_WI8_AI8 = "static_wi8_ai8"
    """The ranges of activations are found by calibration."""

    @property
    def block_size(self) -> int | None:
        """Weights that share a scale; None: those of a whole channel."""
        blocks = {self.DYNAMIC_WI4B32_AFP32: 32, self.DYNAMIC_WI4B64_AFP32: 64, self.DYNAMIC_WI4B128_AFP32: 128}
        return blocks.get(self)


class QuantizationRecovery(StrEnum):
    """Measures against the loss of full-integer quantization."""

    WITHOUT_TRAINING = "withoutTraining"
    """Equalization of channels, and correction of biases."""
    WITH_TRAINING = "withTraining"
    """The measures of `withoutTraining`, and training with simulated quantization."""


class Quantization(Document):
    """Storage of weights in fewer bits."""

    step: Literal["quantization"] = "quantization"
    mode: Literal["dynamicRange", "float16", "fullInteger", "mixed", "bfloat16"]
    """`bfloat16` is for SavedModels, the others for LiteRT."""
    operations: dict[Operation, LayerQuantization] | None = None
    """Quantization by operation, for the mode `mixed`. An operation that is not named keeps its floats."""
    recover: QuantizationRecovery | None = None
    """Measures of full-integer quantization: each is a candidate beside the plain one, and the best is published."""

    @model_validator(mode="after")
    def _operations_where_they_count(self) -> Quantization:
        if (self.mode == "mixed") != bool(self.operations):
            raise ValueError("operations must be given for the mode mixed, and for no other")
        if self.recover and self.mode != "fullInteger":
            raise ValueError(f"recover may be given for full-integer quantization only, got {self.mode}")
        blocks = [
            f"{operation}={quantization}"
            for operation, quantization in (self.operations or {}).items()
            if quantization.block_size and operation is not Operation.FULLY_CONNECTED
        ]
        if blocks:
            raise ValueError(f"int4 by blocks is for {Operation.FULLY_CONNECTED} only, got {', '.join(blocks)}")
        if self.operations and set(self.operations.values()) == {LayerQuantization.NO_QUANTIZE}:
            raise ValueError("at least one of the operations must be quantized")
        return self

    @property
    def calibrates(self) -> bool:
        """Say whether it needs real inputs to calibrate with."""
        static = LayerQuantization.STATIC_WI8_AI8 in (self.operations or {}).values()
        return self.mode == "fullInteger" or static
