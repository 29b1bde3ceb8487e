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
    member: str
    """Name for the commands that read a job.json: `fetch`, `run` and `publish`."""

    def __new__(cls, value: str, option: str = "", member: str = "") -> Self:
        """Add its names to a hint; what lies beside the job has one name."""
        hint = str.__new__(cls, value)
        hint._value_ = value
        hint.option, hint.member = option, member or option
        return hint

    EVALUATION_DATA = "evaluation_data", "--data FILE", "evaluation in job.json, and --evaluation of `run`"
    TASKS = "tasks", "--task NAME=KIND", "tasks in job.json"
    CLASS_NAMES = "class_names", "--labels FILE", "labels in job.json"
    AGREEMENT_RULE = (
        "agreement_rule",
        "a rule minAgreement in job.json, for `run --config`",
        "the rule minAgreement of gate in job.json",
    )
    RELATIVE_ERROR_RULE = (
        "relative_error_rule",
        "a rule maxRelativeError in job.json, for `run --config`",
        "the rule maxRelativeError of gate in job.json",
    )
    ERROR_INCREASE_RULE = (
        "error_increase_rule",
        "--max-error-increase SHARE",
        "the rule maxErrorIncrease of gate in job.json",
    )
    SERVING_RULE = (
        "serving_rule",
        "--not-worse-than-serving METRIC=MARGIN",
        "the rule notWorseThanServing of gate in job.json",
    )
    INPUT_SHAPES = (
        "input_shapes",
        "--input-shape NAME=-1,16000, where -1 is the batch",
        "inputShapes of source in job.json",
    )
    IMAGE_INPUT = "image_input", "--image PREPROCESSING:input=NAME", "image in job.json"
    SIGNATURE = "signature", "--signature NAME", "signatureName of source in job.json"
    STATE_RESET = "state_reset", "--stateful reset_per_request", "stateful of source in job.json: reset_per_request"
    TAGS = "tags", "--tag NAME", "tags of source in job.json"
    ALLOWED_OPERATIONS = "allowed_operations", "--allowed-operation NAME", "allowedOperations of source in job.json"
    RECIPE_LITERT = "recipe_litert", "--format litert, without --step", "kind of recipe in job.json: forLiteRt"
    RECIPE_SERVING = "recipe_serving", "--format saved_model, without --step", "kind of recipe in job.json: forServing"
    RECIPE_UNCHANGED = (
        "recipe_unchanged",
        "the recipe none in job.json, for `run --config`",
        "kind of recipe in job.json: none",
    )
    RECIPE_STEPS = "recipe_steps", "--step STEP, once for each", "kind of recipe in job.json: steps, with its steps"
    SEARCH_LIMIT = "search_limit", "--max-trials COUNT", "maxTrials of the recipe's search in job.json"
    DISTILLATION = "distillation", "--step distillation:size=small", "the step distillation of recipe in job.json"
    PRUNING = "pruning", "--step pruning:sparsity=0.8", "the step pruning of recipe in job.json"
    DYNAMIC_RANGE = (
        "dynamic_range",
        "--step dynamic-range",
        "the step quantization of recipe in job.json, mode dynamicRange",
    )
    FLOAT16 = "float16", "--step float16", "the step quantization of recipe in job.json, mode float16"
    FULL_INTEGER = (
        "full_integer",
        "--step full-integer",
        "the step quantization of recipe in job.json, mode fullInteger",
    )
    MIXED = (
        "mixed",
        "--step mixed:OPERATION=QUANTIZATION,...",
        "the step quantization of recipe in job.json, mode mixed",
    )
    BFLOAT16 = "bfloat16", "--step bfloat16", "the step quantization of recipe in job.json, mode bfloat16"
    STRIP = "strip", "--step strip", "the step strip of recipe in job.json"
    FREEZE = "freeze", "--step freeze", "the step freeze of recipe in job.json"
    STUDENT = (
        "student",
        "--student MODEL with --step distillation",
        "given of the distillation's student in job.json, and --student of `run`",
    )
    LITERT = "litert", "--format litert", "format in job.json: litert"
    LITERT_SERVER = "litert_server", "--format litert", "format in job.json: litert"
    TENSORFLOW_SERVING = "tensorflow_serving", "--format saved_model", "format in job.json: saved_model"
    SERVER_IMAGE = "server_image", "--server-image IMAGE", "server in job.json, with its image"
    SERVER_PROGRAM = "server_program", "no --server-image", "no server in job.json"
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
