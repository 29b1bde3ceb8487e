"""Recognizes the user's model by its content, not only its name, checks that it is complete, and opens it.

>>> from pathlib import Path
>>> from tempfile import TemporaryDirectory
>>> from tensorflow_optimizer.sources import locate
>>> with TemporaryDirectory() as directory:
...     Path(directory, "saved_model.pb").touch()
...     print(locate(Path(directory)).kind)
saved_model
"""

from __future__ import annotations

from .detect import Found, SourceKind, locate
from .digest import digest_of
from .made import DamagedError, take_saved_model
from .open_source import open_source
from .opened import OpenedSource, SavedModelFiles, SavedModelSource, TfliteSource, saved_model_of
from .plain_files import copy_files, files_below

__all__ = [
    "DamagedError",
    "Found",
    "OpenedSource",
    "SavedModelFiles",
    "SavedModelSource",
    "SourceKind",
    "TfliteSource",
    "copy_files",
    "digest_of",
    "files_below",
    "locate",
    "open_source",
    "saved_model_of",
    "take_saved_model",
]
