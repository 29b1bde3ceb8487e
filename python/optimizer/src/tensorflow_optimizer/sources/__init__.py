"""Finds out what the user's model is, checks that it is whole, and opens it. By content, never by name alone."""

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
