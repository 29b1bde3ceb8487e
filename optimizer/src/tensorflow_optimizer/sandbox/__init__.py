"""Opens models in processes that can do nothing else, and takes from them only data.

The judge starts a leaf for each purpose by `Sandbox.leaf`. A leaf takes the layers of isolation upon itself before it
opens a model, and ends with all its processes. What it says comes as documents and arrays; its files by `Leaf.take`.
"""

from __future__ import annotations

from .channel import Channel
from .frames import Arrays, Frame, Json
from .leaf import Answer, Leaf, LeafEndedError, LeafLateError
from .limits import Limits
from .sandbox import Sandbox
from .take import SAVED_MODEL, Wanted
from .user import ALLOW_ROOT
from .zygote_process import Zygote

__all__ = [
    "ALLOW_ROOT",
    "SAVED_MODEL",
    "Answer",
    "Arrays",
    "Channel",
    "Frame",
    "Json",
    "Leaf",
    "LeafEndedError",
    "LeafLateError",
    "Limits",
    "Sandbox",
    "Wanted",
    "Zygote",
]
