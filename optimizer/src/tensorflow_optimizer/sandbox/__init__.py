"""Opens models in processes that can do nothing else, and takes from them only data.

The judge starts a leaf for each purpose by `Sandbox.leaf`. A leaf takes the layers of isolation upon itself before it
opens a model, and ends with all its processes. What it says comes as documents and arrays; its files by `Leaf.take`.

>>> import io
>>> from tensorflow_optimizer.sandbox.frames import Frame, decode, encode
>>> sent = io.BytesIO(b"".join(encode(Frame("answer", {"rows": 2}))))
>>> decode(lambda size: memoryview(sent.read(size)))
Frame(kind='answer', document={'rows': 2}, arrays={})
"""

from __future__ import annotations

from .channel import Channel
from .frames import Arrays, Frame, Json
from .leaf import Answer, Leaf, LeafEndedError, LeafLateError
from .limits import Limits
from .sandbox import Sandbox
from .take import SAVED_MODEL, Wanted
from .user import ALLOW_ROOT
from .zygote_process import PRELOADED, Zygote

__all__ = [
    "ALLOW_ROOT",
    "PRELOADED",
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
