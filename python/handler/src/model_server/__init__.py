"""Serves one LiteRT model: the part of the function that knows nothing of Lambda.

`load(directory, runtime=None, library=None)` returns a `Model`; `Model.predict(signature, inputs)` answers one
request with real values, exactly as the function does. The optimizer proves a model through these two.
"""

from __future__ import annotations

from .errors import ModelError, RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .model import Model

__all__ = ["Model", "ModelError", "RequestError", "load"]


def load(directory: str, runtime: str | None = None, library: str | None = None, threads: int = 1) -> Model:
    """Load the model of a directory with model.json and the file it names.

    Args:
        directory: `/opt/ml/model` in the function.
        runtime: `nano` or `numpy`; what model.json says when absent.
        library: Path of libLiteRt.so, for nano; `/opt/lib/libLiteRt.so` when absent.
        threads: Of the interpreter.

    Raises:
        ModelError: it cannot be loaded.
    """
    # Not imported above: the entry point begins to load the library before the rest of the package.
    from .model import open_model

    return open_model(directory, runtime, library, threads)


def __getattr__(name: str) -> object:
    if name != "Model":
        raise AttributeError(f"module 'model_server' has no attribute {name!r}")
    from .model import Model

    return Model
