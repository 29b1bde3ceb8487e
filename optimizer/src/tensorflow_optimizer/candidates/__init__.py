"""Plans, builds and evaluates the candidates of a job.

>>> from tensorflow_optimizer.candidates.recipe_rules import check_steps
>>> from tensorflow_optimizer.documents.job import Freeze, ModelFormat
>>> check_steps([Freeze()], ModelFormat.LITERT, has_data=True)
Traceback (most recent call last):
tensorflow_optimizer.errors.BadInputError: freeze has no effect on a LiteRT model, whose conversion keeps nothing ...
"""
