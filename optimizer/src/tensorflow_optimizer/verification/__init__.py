"""Verifies a published version from anywhere: its files, its documents and its signature.

>>> from tensorflow_optimizer.verification.artifact import artifact_at
>>> from tensorflow_optimizer.verification.verify import verify
>>> verify(artifact_at("/nowhere"), public_key=None)
Traceback (most recent call last):
tensorflow_optimizer.errors.BadInputError: there is no /nowhere/manifest.json: give the directory of a version, ...
"""
