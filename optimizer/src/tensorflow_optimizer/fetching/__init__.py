"""Downloads the inputs of a job from S3, and checks what arrived.

>>> from tensorflow_optimizer.fetching.unpacking import safe_relative
>>> safe_relative("model/saved_model.pb", "the source").as_posix()
'model/saved_model.pb'
>>> safe_relative("../passwd", "the source")
Traceback (most recent call last):
tensorflow_optimizer.errors.BadInputError: the source has an entry with the path '../passwd': only plain ...
"""
