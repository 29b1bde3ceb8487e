"""drift.json, and the detail of the event ModelDrifted: how captured requests differ from a model's profile."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from .document import Document, Figure
from .profile import Direction

DRIFT_FILE = "drift.json"
DRIFT_PAGE = "drift.html"


class DriftVerdict(StrEnum):
    """Result of the comparison."""

    DRIFTED = "drifted"
    NO_DRIFT = "noDrift"
    NOT_ENOUGH = "notEnough"
    """Samples are too few for a decision."""


class DriftedFeature(Document):
    """One feature that drifted, in an event."""

    name: str
    population_stability_index: float
    jensen_shannon_divergence: float
    """Divergence in bits, from 0 to 1."""
    p_value: float
    """Probability of a difference as large in any feature, if none drifted (Holm's method)."""


class FeatureDrift(DriftedFeature):
    """One feature of the profile, and of the captured requests."""

    direction: Direction
    drifted: bool
    bins: list[str]
    """Names of the bins or categories, for people."""
    expected: list[float]
    """Share of the profile's samples in each bin."""
    observed: list[float]
    """Share of the captured samples in each bin."""
    expected_mean: Figure | None
    observed_mean: Figure | None


class DriftReport(Document):
    """drift.json."""

    schema_version: Literal[1] = 1
    model: str
    version: int | None
    """Number of the profiled version; None where only its profile was given."""
    signature: str
    verdict: DriftVerdict
    sentence: str
    """The verdict, for people."""
    created: str
    """ISO 8601, UTC."""
    first_request: str | None
    """Time of the oldest compared request, ISO 8601 in UTC."""
    last_request: str | None
    requests: int
    """Compared requests."""
    samples: int
    """Samples in the compared requests."""
    profile_samples: int
    unreadable: int
    """Lines that are not captured requests."""
    unfit: int
    """Requests without the profiled tensors."""
    other_versions: int
    """Requests that another version answered."""
    other_signatures: int
    """Requests to another signature than the profiled one."""
    min_samples: int
    significance: float
    min_stability_index: float
    features: list[FeatureDrift]
    """The most different ones first; empty where there are not enough samples."""
    omitted_features: int

    @property
    def drifted(self) -> list[FeatureDrift]:
        """The features that drifted."""
        return [feature for feature in self.features if feature.drifted]


class DriftEvent(Document):
    """Detail of the event ModelDrifted, with the source cdk-tensorflow on the account's default bus.

    A later library may add members; one that changes or leaves out a member raises schemaVersion.
    """

    schema_version: Literal[1] = 1
    model_name: str
    model_version: int
    bucket: str
    """The capture bucket."""
    manifest_key: str
    """Key of the profiled version's manifest, in its artifact bucket."""
    first_request: str
    last_request: str
    samples: int
    message: str
    """One sentence for people."""
    features: list[DriftedFeature]
    """The most different ones, ten at most."""
    report_key: str
    """Key of drift.html in the capture bucket."""
