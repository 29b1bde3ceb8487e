"""Reads and writes S3: conditional uploads, checked downloads, and its errors as sentences.

>>> from tensorflow_optimizer.storage.checksums import parse_checksums
>>> parse_checksums(b"0" * 64 + b"  model.tflite").keys()
dict_keys(['model.tflite'])
"""
