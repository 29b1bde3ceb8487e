"""The interface of all runners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Arrays = dict[str, np.ndarray[Any, Any]]

__all__ = ["Elapsed", "RunError", "Runner", "TimedRunner"]


class Runner(Protocol):
    """One loaded model."""

    def run(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        """Call a signature once, with inputs exactly as it takes them.

        Raises:
            RunError: the model does not compute these inputs.
        """

    def close(self) -> None:
        """Free what the runner holds."""


@dataclass(frozen=True)
class Elapsed:
    """Time that calls of a model have taken, in seconds."""

    wall: float
    """Seconds by the judge's clock."""
    processor: float | None
    """Processor seconds of the model's process, as the kernel counts them; None where the system does not tell."""


class TimedRunner(Runner, Protocol):
    """Runner whose calls its process repeats, so that the time that asking takes does not count."""

    def elapsed(self, signature: str, inputs: Mapping[str, Array], times: int) -> Elapsed:
        """Return what `times` calls take altogether, with what it takes to ask; 0 calls: that alone."""

    @property
    def traces_of_others(self) -> tuple[int, ...] | None:
        """Numbers that change when the model's process starts another one, whose time its own does not have."""

    def restart(self) -> None:
        """End the process, and load the model in a fresh one."""
