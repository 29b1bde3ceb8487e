"""The JSON documents that the optimizer reads and writes.

>>> from tensorflow_optimizer.documents.job import Pruning
>>> Pruning(sparsity=0.5).to_data()
{'step': 'pruning', 'sparsity': 0.5, 'schedule': 'gradual', 'epochs': 10}
"""
