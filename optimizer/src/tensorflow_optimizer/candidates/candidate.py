"""The stages of a candidate, for every format: a plan, built into an artifact, loaded to be measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..documents.job import Distillation, Pruning
    from ..processes.progress import Progress
    from ..runners import Runner


class Plan(Protocol):
    """A candidate to build."""

    @property
    def name(self) -> str:
        """Name in reports."""

    @property
    def trains(self) -> bool:
        """Say whether it learns from a part of the data."""

    @property
    def pruning(self) -> Pruning | None:
        """The pruning step; None: nothing is pruned."""

    @property
    def distillation(self) -> Distillation | None:
        """The distillation step; None: the original is converted."""


class LoadedCandidate(Protocol):
    """A candidate, ready to answer."""

    @property
    def runner(self) -> Runner:
        """The loaded model."""

    @property
    def signatures(self) -> Collection[str]:
        """Names of its signatures."""

    @property
    def size_bytes(self) -> int:
        """Size of its files."""

    @property
    def compressed_bytes(self) -> int:
        """Size of its files as an archive."""

    @property
    def timed(self) -> bool:
        """Say whether the latency on this machine is comparable with that of the machines that will serve the model."""


PlanT = TypeVar("PlanT", bound=Plan)
PlanT_contra = TypeVar("PlanT_contra", bound=Plan, contravariant=True)
LoadedT = TypeVar("LoadedT", bound=LoadedCandidate)
LoadedT_co = TypeVar("LoadedT_co", bound=LoadedCandidate, covariant=True)


class CandidateArtifact(Protocol[LoadedT_co]):
    """The files of a candidate."""

    def load(self) -> LoadedT_co:
        """Load the model the way its server does, in a process that did not make it.

        Raises:
            UnsupportedError: the runtime cannot load it.
        """


class CandidateBuilder(Protocol[PlanT_contra, LoadedT_co]):
    """Builds the candidates of one format."""

    @property
    def data_bytes(self) -> int:
        """Greatest size in bytes of the data that a process gets that builds a candidate."""

    def build(self, plan: PlanT_contra, progress: Progress) -> CandidateArtifact[LoadedT_co]:
        """Build a candidate.

        Raises:
            UnsupportedError: the model cannot be changed this way.
        """

    def labels_only(self) -> CandidateBuilder[PlanT_contra, LoadedT_co] | None:
        """Return a builder that trains the same candidates on labels alone, or None if there are too few labels."""

    def with_environment(self, environment: Mapping[str, str]) -> CandidateBuilder[PlanT_contra, LoadedT_co]:
        """Return a builder whose processes have these variables."""
