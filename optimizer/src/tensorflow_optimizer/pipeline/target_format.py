"""The interface of a format to publish, used by the one orchestrator in optimize.py."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from ..candidates.candidate import LoadedCandidate, LoadedT, PlanT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..candidates.candidate import CandidateBuilder
    from ..candidates.evaluator import CandidateEvaluator
    from ..candidates.trial import Trial
    from ..documents.job import Job, Search
    from ..documents.manifest import Draft, ImageProof, Requirements, RunTimes, Signature, TextReference
    from ..documents.outcome import Candidate
    from ..errors import UnsupportedError
    from ..hints import Message
    from ..processes.progress import Progress
    from ..proof import ServingTimes
    from ..reference.measure import Reference
    from ..reference.subject import Subject
    from ..runners import Runner
    from ..sandbox import Sandbox
    from ..search.space import SearchSpace
    from ..sources import OpenedSource
    from ..training.trainer import Trainer


@dataclass(frozen=True)
class ChosenCandidate(ABC):
    """The candidate to publish."""

    candidate: Candidate
    loaded: LoadedCandidate
    evaluator: CandidateEvaluator
    signatures: dict[str, Signature]
    unverified_reason: Message | None
    """The reason why it is published as unverified; None if it is verified."""

    @property
    def reset_state(self) -> bool:
        """True if the server must restore variables before every request."""
        return False

    @abstractmethod
    def write(self, output: Path) -> int:
        """Write the model into OUT/model/ and return its size in bytes."""

    @abstractmethod
    def requirements(self) -> Requirements:
        """Return the requirements for a server."""

    @abstractmethod
    def times(self) -> ServingTimes:
        """Return the times to publish."""

    def runs(self) -> dict[str, RunTimes]:
        """Return the times of each signature's runs, where they were measured."""
        return {}

    def text(self) -> TextReference | None:
        """Return the name and digest of the steps on text and categories, where there are some."""
        return None

    def images(self) -> ImageProof | None:
        """Return how its answers to images differ from those to numbers, where that was compared."""
        return None

    def finish(self, draft: Draft, output: Path) -> Draft:  # noqa: ARG002 - for formats that have extras
        """Write the format's additional files into OUT/model/, and return the draft with their data."""
        return draft


class TargetFormat(ABC, Generic[PlanT, LoadedT]):
    """A format to publish. The orchestrator calls the methods in the order of their definition."""

    def __init__(self, job: Job, source: OpenedSource, sandbox: Sandbox, work: Path, progress: Progress) -> None:
        self.job = job
        self.sandbox = sandbox
        self.source = source
        self.work = work
        self.progress = progress

    @abstractmethod
    def plans(self, *, has_data: bool) -> list[PlanT]:
        """Return the candidates of the recipe in their order; none for a search.

        Raises:
            BadInputError: the recipe is for another format, or needs data that is not there.
            UnsupportedError: the source cannot become this format.
        """

    @abstractmethod
    def search_space(self, search: Search) -> SearchSpace[PlanT]:
        """Return the search space.

        Raises:
            BadInputError: a step is for another format, or there twice.
            UnsupportedError: a step is not for this processor.
        """

    @abstractmethod
    def open_original(self) -> Subject:
        """Load the original.

        Raises:
            UnsupportedError: the format cannot hold it, or its state.
        """

    def suited(self, plans: list[PlanT]) -> list[PlanT]:
        """Return the candidates of the recipe that suit the original.

        Raises:
            UnsupportedError: none of them does.
        """
        return plans

    def restrict(self, space: SearchSpace[PlanT]) -> SearchSpace[PlanT]:
        """Return the search space without what the original's signatures rule out."""
        return space

    def needs_calibration(self, plans: Sequence[PlanT]) -> bool:  # noqa: ARG002 - for formats that quantize
        """Say whether a plan needs calibration data."""
        return False

    @abstractmethod
    def builder(self, trainer: Trainer, reference: Reference) -> CandidateBuilder[PlanT, LoadedT]:
        """Return the builder of candidates."""

    @abstractmethod
    def baseline(self, builder: CandidateBuilder[PlanT, LoadedT]) -> Runner | None:
        """Return the model that latency is compared with; None: latency is not compared."""

    def check(self, plan: PlanT, loaded: LoadedT, reference: Reference) -> None:
        """Check what the plan promises beyond the gate.

        Raises:
            UnsupportedError: the candidate does not keep it.
        """

    def after_failure(self, plan: PlanT, error: UnsupportedError, left: list[PlanT]) -> list[PlanT]:  # noqa: ARG002 - for formats that fall back
        """Return what to try after a plan that cannot be built: those that are left, or what the format falls back to.

        It is not asked where the gate refuses the plan.
        """
        return left

    @abstractmethod
    def none_supported(self, errors: Sequence[UnsupportedError], plans: Sequence[PlanT]) -> UnsupportedError | None:
        """Return the error that ends a job none of whose candidates can be built; None: the gate's error does."""

    @abstractmethod
    def accept(self, trial: Trial[PlanT, LoadedT], evaluator: CandidateEvaluator) -> ChosenCandidate | None:
        """Return the candidate as one to publish; None, with its record added, if no runtime serves it."""
