"""The recipe of a search: its space, its order, its choice.

>>> from tensorflow_optimizer.documents.job import Pruning
>>> from tensorflow_optimizer.search.step_names import names_of
>>> steps = [Pruning(sparsity=0.5), Pruning(sparsity=0.8)]
>>> [names_of(steps)(step) for step in steps]
['pruned 50%', 'pruned 80%']
"""
