"""The user's own code before and after the model: module `hook` of a layer.

    def preprocess(event):    # required: the inputs, with the batch as dimension 0 where the signature has one
    def postprocess(outputs): # optional: any JSON value; without it the answer is {"outputs": ...}

`event` is Lambda's event: of an HTTP request, or the payload of a direct invocation. `body(event)` returns the request
body. A hook rejects a request by `raise RequestError(400, "what is wrong with it")`; any other exception is a failure:
logged with its traceback, and answered with 500 or, to a direct caller, raised without the reason.
"""

from __future__ import annotations

from .errors import ModelError, RequestError
from .predict import OUTPUTS, columns_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .model import Model

__all__ = ["Hook", "RequestError", "body", "load"]


class Hook:
    """The functions of the module `hook`."""

    __slots__ = ("keeps_last", "last", "postprocess", "preprocess")

    def __init__(self, preprocess: Callable[[Any], Any], postprocess: Callable[[dict[str, Any]], Any] | None) -> None:
        self.preprocess = preprocess
        self.postprocess = postprocess
        self.keeps_last = False
        self.last: tuple[dict[str, Any], dict[str, Any]] | None = None
        """Inputs and outputs of the last request, where they are kept."""

    def answer(self, model: Model, event: Any) -> Any:
        """Answer one predict request.

        Raises:
            RequestError: The hook rejects the request, or its inputs do not fit the model.
        """
        inputs = self.preprocess(event)
        if not isinstance(inputs, dict):
            inputs = dict.fromkeys(model.signature(None).inputs, inputs)
        inputs = {name: _plain(value) for name, value in inputs.items()}
        outputs = model.predict(None, inputs)
        if self.keeps_last:
            from copy import deepcopy

            self.last = inputs, deepcopy(outputs)  # postprocess may change them
        return {OUTPUTS: columns_out(outputs)} if self.postprocess is None else _plain(self.postprocess(outputs))


def load(name: str) -> Hook:
    """Import the module of that name.

    Raises:
        ModelError: It defines no `preprocess`, or one of the two names is not a function.
    """
    from importlib import import_module

    module = import_module(name)
    preprocess, postprocess = getattr(module, "preprocess", None), getattr(module, "postprocess", None)
    if not callable(preprocess) or not (postprocess is None or callable(postprocess)):
        raise ModelError(
            f"the module {name} must define the function preprocess(event), and may define postprocess(outputs)"
        )
    return Hook(preprocess, postprocess)


def body(event: dict[str, Any]) -> bytes:
    """Return the body of a request that came by HTTP, whatever its type.

    Raises:
        RequestError: There is none.
    """
    text = event.get("body") if isinstance(event, dict) else None
    if not isinstance(text, str) or not text:
        raise RequestError(400, "the body is empty")
    if not event.get("isBase64Encoded"):
        return text.encode(errors="surrogatepass")
    from binascii import a2b_base64

    try:
        return a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise RequestError(400, "the body is not valid base64, although the event says so") from error


def _plain(value: Any) -> Any:
    """Convert NumPy's types to lists and numbers."""
    return value.tolist() if hasattr(value, "tolist") else value
