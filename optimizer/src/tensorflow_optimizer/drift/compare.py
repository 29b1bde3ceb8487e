"""Compares captured requests with a profile: one decision for all features."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..documents.drift import DriftReport, DriftVerdict, FeatureDrift
from .divergence import (
    holm,
    homogeneity_p_value,
    jensen_shannon_divergence,
    population_stability_index,
    shares_of,
)
from .features import counts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..documents.profile import Feature, Profile
    from .observed import Observed

_NAMED = 3


@dataclass(frozen=True)
class Thresholds:
    """Limits from which a feature has drifted: the difference is beyond chance, and large."""

    significance: float = 0.005
    """Greatest probability of a false alarm in one comparison, over all features, by the chi-squared approximation.

    Half of what is promised, 1 in 100: with a few hundred samples the approximation is too small in its tail.
    """
    stability_index: float = 0.2
    """Least population stability index of a feature that drifted."""
    samples: int = 200
    """Fewest samples of the profile and of the captured requests for a decision."""


def compare(
    profile: Profile, observed: Observed, thresholds: Thresholds, *, version: int | None = None, unreadable: int = 0
) -> DriftReport:
    """Return how the captured samples differ from the profile.

    Args:
        profile: What is expected.
        observed: The captured samples.
        thresholds: When a feature has drifted.
        version: Number of the profiled version, if it is known.
        unreadable: How many lines could not be read.
    """
    fewest = min(profile.samples, observed.samples)
    features = _features(profile, observed, thresholds) if fewest >= thresholds.samples else []
    drifted = [feature for feature in features if feature.drifted]
    if fewest < thresholds.samples:
        verdict, sentence = DriftVerdict.NOT_ENOUGH, _not_enough(profile, observed, thresholds)
    elif drifted:
        verdict, sentence = DriftVerdict.DRIFTED, _drifted(drifted, len(features))
    else:
        verdict = DriftVerdict.NO_DRIFT
        sentence = f"none of {len(features)} features drifted in {observed.samples:,} samples"
    first, last = (observed.times[0], observed.times[-1]) if observed.times else (None, None)
    return DriftReport(
        model=profile.model,
        version=version,
        signature=profile.signature,
        verdict=verdict,
        sentence=sentence,
        created=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        first_request=first,
        last_request=last,
        requests=observed.requests,
        samples=observed.samples,
        profile_samples=profile.samples,
        unreadable=unreadable,
        unfit=observed.unfit,
        other_versions=observed.other_versions,
        other_signatures=observed.other_signatures,
        min_samples=thresholds.samples,
        significance=thresholds.significance,
        min_stability_index=thresholds.stability_index,
        features=features,
        omitted_features=profile.omitted_features,
    )


def _features(profile: Profile, observed: Observed, thresholds: Thresholds) -> list[FeatureDrift]:
    """Return all features, those that drifted first, by falling stability index."""
    counts = [counts_of(feature, values) for feature, values in zip(profile.features, observed.values, strict=True)]
    adjusted = holm(
        [homogeneity_p_value(feature.counts, count) for feature, count in zip(profile.features, counts, strict=True)]
    )
    features = [
        _feature(feature, count, values, p_value, thresholds)
        for feature, count, values, p_value in zip(profile.features, counts, observed.values, adjusted, strict=True)
    ]
    return sorted(features, key=lambda entry: (not entry.drifted, -entry.population_stability_index))


def _feature(
    feature: Feature, counts: list[int], values: NDArray[np.generic], p_value: float, thresholds: Thresholds
) -> FeatureDrift:
    index = population_stability_index(feature.counts, counts)
    finite = values[np.isfinite(values)] if feature.mean is not None else values[:0]
    return FeatureDrift(
        name=feature.label,
        direction=feature.direction,
        population_stability_index=round(index, 4),
        jensen_shannon_divergence=round(jensen_shannon_divergence(feature.counts, counts), 4),
        p_value=p_value,
        drifted=p_value < thresholds.significance and index >= thresholds.stability_index,
        bins=_bins(feature),
        expected=[round(share, 4) for share in shares_of(feature.counts).tolist()],
        observed=[round(share, 4) for share in shares_of(counts).tolist()],
        expected_mean=feature.mean,
        observed_mean=float(f"{finite.mean():.4g}") if finite.size else None,
    )


def _bins(feature: Feature) -> list[str]:
    if feature.edges is None:
        return [*(feature.categories or []), "any other"]
    edges = [f"{edge:.6g}" for edge in feature.edges]
    if not edges:
        return ["any"]
    between = [f"{low} to {high}" for low, high in pairwise(edges)]
    return [f"below {edges[0]}", *between, f"above {edges[-1]}"]


def _not_enough(profile: Profile, observed: Observed, thresholds: Thresholds) -> str:
    if profile.samples < thresholds.samples:
        return (
            f"not enough samples for a decision: the profile is of {profile.samples:,}, and {thresholds.samples:,} are "
            "needed; give the optimization more evaluation data"
        )
    apart = {
        "another version answered": observed.other_versions,
        "are for another signature": observed.other_signatures,
        "do not have the profiled tensors": observed.unfit,
    }
    others = "".join(f"; {count:,} requests {why}" for why, count in apart.items() if count)
    return (
        f"not enough samples for a decision: {observed.samples:,} were captured, and {thresholds.samples:,} are needed"
        f"{others}"
    )


def _drifted(drifted: list[FeatureDrift], count: int) -> str:
    named = ", ".join(f"{entry.name} (PSI {entry.population_stability_index:.2f})" for entry in drifted[:_NAMED])
    more = f" and {len(drifted) - _NAMED} more" if len(drifted) > _NAMED else ""
    return f"{len(drifted)} of {count} features drifted: {named}{more}"
