"""Ways out that errors and warnings refer to, independent of the user interface.

The command line and the custom resource translate them into options and constructs. outcome.schema.json has the closed
list.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Hint(StrEnum):
    """A property of the job, a step of a recipe, or a part of its surroundings that a reader can change."""

    EVALUATION_DATA = "evaluation_data"
    TASKS = "tasks"
    CLASS_NAMES = "class_names"
    AGREEMENT_RULE = "agreement_rule"
    RELATIVE_ERROR_RULE = "relative_error_rule"
    ERROR_INCREASE_RULE = "error_increase_rule"
    SERVING_RULE = "serving_rule"
    """The comparison with the version that serves."""

    INPUT_SHAPES = "input_shapes"
    IMAGE_INPUT = "image_input"
    """The input that takes pictures."""
    SIGNATURE = "signature"
    STATE_RESET = "state_reset"
    TAGS = "tags"

    RECIPE_LITERT = "recipe_litert"
    """The default candidates for LiteRT."""
    RECIPE_SERVING = "recipe_serving"
    """The default candidates for TensorFlow Serving."""
    RECIPE_UNCHANGED = "recipe_unchanged"
    RECIPE_STEPS = "recipe_steps"
    SEARCH_LIMIT = "search_limit"
    """How many candidates a search tries."""

    DISTILLATION = "distillation"
    PRUNING = "pruning"
    DYNAMIC_RANGE = "dynamic_range"
    FLOAT16 = "float16"
    FULL_INTEGER = "full_integer"
    MIXED = "mixed"
    BFLOAT16 = "bfloat16"
    STRIP = "strip"
    FREEZE = "freeze"
    STUDENT = "student"
    """A model to train, instead of one that is built."""

    LITERT = "litert"
    """Serve a LiteRT model."""
    TENSORFLOW_SERVING = "tensorflow_serving"
    """Serve a SavedModel."""

    SERVER_IMAGE = "server_image"
    SERVER_PROGRAM = "server_program"
    REGISTRY_CREDENTIALS = "registry_credentials"
    MACHINE_SIZE = "machine_size"
    MACHINE_IMAGE = "machine_image"


@dataclass(frozen=True)
class Message:
    """A sentence for people, and the ways out that it names."""

    text: str
    hints: tuple[Hint, ...] = ()
    candidate: str | None = None
    """The candidate that it is about; None: the whole job."""
