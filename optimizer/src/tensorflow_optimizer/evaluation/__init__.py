"""Compares a candidate with the original: decisions where there are labels or data, numbers always."""

from __future__ import annotations

from .answers import answers_of
from .chance import collapse, imbalance, rarest
from .compare import accuracy_beside, compare, rate
from .latency import Timing, interleaved_latency, latency_ratio
from .layer_errors import layer_errors
from .lost_numbers import lost_numbers, worse_than_constant
from .original import check_batch, check_chance, check_repeatable
from .scaling import expected_scale, ranges_of
from .soundness import EvaluationCase, check_sound
from .tasks import OutputTask, infer_tasks

__all__ = [
    "EvaluationCase",
    "OutputTask",
    "Timing",
    "accuracy_beside",
    "answers_of",
    "check_batch",
    "check_chance",
    "check_repeatable",
    "check_sound",
    "collapse",
    "compare",
    "expected_scale",
    "imbalance",
    "infer_tasks",
    "interleaved_latency",
    "latency_ratio",
    "layer_errors",
    "lost_numbers",
    "ranges_of",
    "rarest",
    "rate",
    "worse_than_constant",
]
