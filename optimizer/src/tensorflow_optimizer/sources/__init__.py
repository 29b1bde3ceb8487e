"""Recognizes the user's model by its content, not only its name, checks that it is complete, and opens it."""

from __future__ import annotations

from .detect import Found, SourceKind, locate
from .digest import digest_of
from .opened import OpenedSource, SavedModelSource, TfliteSource, open_source, saved_model_of

__all__ = [
    "Found",
    "OpenedSource",
    "SavedModelSource",
    "SourceKind",
    "TfliteSource",
    "digest_of",
    "locate",
    "open_source",
    "saved_model_of",
]
