"""A candidate that was built and measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from .candidate import LoadedT, PlanT

if TYPE_CHECKING:
    from ..documents.outcome import Candidate


@dataclass(frozen=True)
class Trial(Generic[PlanT, LoadedT]):
    """A candidate that was built and measured."""

    plan: PlanT
    loaded: LoadedT
    candidate: Candidate
