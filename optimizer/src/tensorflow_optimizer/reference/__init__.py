"""The original model, measured: candidates are compared with it.

>>> from tensorflow_optimizer.reference.subject import Subject
>>> Subject(runner=None, default="serving_default", signatures={}, size_bytes=1_000_000, stateful=True).batch
1
"""
