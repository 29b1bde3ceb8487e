"""Compares a candidate with the original: decisions where there are labels or data, numbers always.

>>> import numpy as np
>>> from tensorflow_optimizer.documents.job import ModelTask
>>> from tensorflow_optimizer.evaluation import OutputTask, compare
>>> original, labels = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])
>>> candidate = np.array([[0.9, 0.1], [0.6, 0.4]])
>>> compare(OutputTask(ModelTask.MULTICLASS), original, candidate, labels, seed=0, real=True).accuracy_loss
0.5
"""

from __future__ import annotations

from .answers import answers_of
from .chance import collapse, imbalance, rarest
from .compare import accuracy_beside, compare, rate
from .latency import (
    Latency,
    Timing,
    comparable,
    interleaved_latency,
    is_slower,
    latency_ratio,
    may_be_slower,
    measured_twice,
)
from .layer_errors import layer_errors
from .lost_numbers import lost_numbers, worse_than_constant
from .original import check_batch, check_chance, check_repeatable
from .scaling import expected_scale, ranges_of
from .soundness import EvaluationCase, check_sound
from .tasks import OutputTask, infer_tasks

__all__ = [
    "EvaluationCase",
    "Latency",
    "OutputTask",
    "Timing",
    "accuracy_beside",
    "answers_of",
    "check_batch",
    "check_chance",
    "check_repeatable",
    "check_sound",
    "collapse",
    "comparable",
    "compare",
    "expected_scale",
    "imbalance",
    "infer_tasks",
    "interleaved_latency",
    "is_slower",
    "latency_ratio",
    "layer_errors",
    "lost_numbers",
    "may_be_slower",
    "measured_twice",
    "ranges_of",
    "rarest",
    "rate",
    "worse_than_constant",
]
