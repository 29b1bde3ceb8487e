"""Makes a source for a job of a model of another framework, and data with that framework's answers.

The judge never opens the model, which may be code: a leaf runs it, answers arrays, and leaves files of known names.

>>> from tensorflow_optimizer.converting import framework_of
>>> framework_of("classifier.onnx").value
'onnx'
"""

from __future__ import annotations

from .framework import Framework, framework_of

__all__ = ["Framework", "framework_of"]
