"""Extras that are published with a model for those who serve it: golden and warm-up requests, footprint, server.

>>> import numpy as np
>>> from tensorflow_optimizer.serving.records import records, tensor
>>> len(records([tensor(np.zeros(3, np.float32))]))
38
"""
