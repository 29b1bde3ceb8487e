"""The interface of all runners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Arrays = dict[str, np.ndarray[Any, Any]]


class RunError(Exception):
    """The model could not compute these inputs."""


class Runner(Protocol):
    """One loaded model."""

    def run(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        """Call a signature once, with inputs exactly as it takes them.

        Raises:
            RunError: the model does not compute these inputs.
        """

    def close(self) -> None:
        """Free what the runner holds."""
