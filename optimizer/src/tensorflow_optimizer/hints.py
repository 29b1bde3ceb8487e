"""Ways out that errors and warnings refer to, independent of the user interface.

outcome.schema.json has the closed list. The custom resource translates them into constructs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Hint(StrEnum):
    """A property of the job, a step of a recipe, or a part of its surroundings that a reader can change."""

    option: str
    """Name for `optimize`: an option, or what has none."""

    def __new__(cls, value: str, option: str = "") -> Self:
        """Add an option to a hint."""
        hint = str.__new__(cls, value)
        hint._value_ = value
        hint.option = option
        return hint

    EVALUATION_DATA = "evaluation_data", "--data FILE"
    TASKS = "tasks", "--task NAME=KIND"
    CLASS_NAMES = "class_names", "--labels FILE"
    AGREEMENT_RULE = "agreement_rule", "a rule minAgreement in job.json, for `run --config`"
    RELATIVE_ERROR_RULE = "relative_error_rule", "a rule maxRelativeError in job.json, for `run --config`"
    ERROR_INCREASE_RULE = "error_increase_rule", "--max-error-increase SHARE"
    SERVING_RULE = "serving_rule", "--not-worse-than-serving METRIC=MARGIN"
    INPUT_SHAPES = "input_shapes", "--input-shape NAME=-1,16000, where -1 is the batch"
    IMAGE_INPUT = "image_input", "--image PREPROCESSING:input=NAME"
    SIGNATURE = "signature", "--signature NAME"
    STATE_RESET = "state_reset", "--stateful reset_per_request"
    TAGS = "tags", "--tag NAME"
    ALLOWED_OPERATIONS = "allowed_operations", "--allowed-operation NAME"
    RECIPE_LITERT = "recipe_litert", "--format litert, without --step"
    RECIPE_SERVING = "recipe_serving", "--format saved_model, without --step"
    RECIPE_UNCHANGED = "recipe_unchanged", "the recipe none in job.json, for `run --config`"
    RECIPE_STEPS = "recipe_steps", "--step STEP, once for each"
    SEARCH_LIMIT = "search_limit", "--max-trials COUNT"
    DISTILLATION = "distillation", "--step distillation:size=small"
    PRUNING = "pruning", "--step pruning:sparsity=0.8"
    DYNAMIC_RANGE = "dynamic_range", "--step dynamic-range"
    FLOAT16 = "float16", "--step float16"
    FULL_INTEGER = "full_integer", "--step full-integer"
    MIXED = "mixed", "--step mixed:OPERATION=QUANTIZATION,..."
    BFLOAT16 = "bfloat16", "--step bfloat16"
    STRIP = "strip", "--step strip"
    FREEZE = "freeze", "--step freeze"
    STUDENT = "student", "--student MODEL with --step distillation"
    LITERT = "litert", "--format litert"
    LITERT_SERVER = "litert_server", "--format litert"
    TENSORFLOW_SERVING = "tensorflow_serving", "--format saved_model"
    SERVER_IMAGE = "server_image", "--server-image IMAGE"
    SERVER_PROGRAM = "server_program", "no --server-image"
    REGISTRY_CREDENTIALS = "registry_credentials", "environment variables of this command"
    MACHINE_SIZE = "machine_size", "a machine with more memory and disk space"
    MACHINE_IMAGE = "machine_image", "another machine to run this command on"


@dataclass(frozen=True)
class Message:
    """A sentence for people, and the ways out that it names."""

    text: str
    hints: tuple[Hint, ...] = ()
    candidate: str | None = None
    """The candidate that it is about; None: the whole job."""
