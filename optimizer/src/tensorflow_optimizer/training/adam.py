"""Adam for plain variables. Keras's own requires Keras variables, which a loaded SavedModel does not have."""

from __future__ import annotations

import math
from typing import Any

_FIRST, _SECOND, _EPSILON = 0.9, 0.999, 1e-7


class Adam:
    """Kingma and Ba, 2015, with cosine decay of the rate (Loshchilov and Hutter, 2017)."""

    def __init__(self, variables: list[Any], rate: float, total: int) -> None:
        import tensorflow as tf

        self._variables = variables
        self._rate = rate
        self._total = float(total)
        self._count = tf.Variable(0.0)
        self._means = [tf.Variable(tf.zeros_like(variable)) for variable in variables]
        self._squares = [tf.Variable(tf.zeros_like(variable)) for variable in variables]

    def apply(self, gradients: list[Any]) -> None:
        """Take one step. Variables without a gradient do not change."""
        import tensorflow as tf

        decayed = 0.5 * (1.0 + tf.cos(math.pi * self._count / self._total))
        count = self._count.assign_add(1.0)
        rate = self._rate * decayed * tf.sqrt(1 - _SECOND**count) / (1 - _FIRST**count)
        steps = zip(self._variables, self._means, self._squares, gradients, strict=True)
        for variable, mean, square, gradient in steps:
            if gradient is None:
                continue
            dense = tf.convert_to_tensor(gradient)
            mean.assign(_FIRST * mean + (1 - _FIRST) * dense)
            square.assign(_SECOND * square + (1 - _SECOND) * tf.square(dense))
            variable.assign_sub(tf.cast(rate, dense.dtype) * mean / (tf.sqrt(square) + _EPSILON))
