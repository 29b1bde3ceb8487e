"""Names the steps of a search for reports, and refuses steps that are there twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..candidates.plans import short_name
from ..candidates.recipe_rules import hints_of, listed
from ..documents.job import Distillation, Pruning
from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..documents.job import Step

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def refuse_repeated(steps: Sequence[Step]) -> None:
    """Refuse steps that are equal: each would make the candidate of the other.

    Raises:
        BadInputError: some are.
    """
    settings = [_settings(step) for step in steps]
    repeated = [step for number, step in enumerate(steps) if settings[number] in settings[:number]]
    if repeated:
        raise BadInputError(
            f"the search has {listed(repeated)} more than once with the same settings, which is one candidate; give "
            "each step once, or give them other settings",
            *hints_of(repeated),
        )


def names_of(steps: Sequence[Step]) -> Callable[[Pruning | Distillation], str]:
    """Return what names the steps that train: short, and with the settings that tell it from others of that name."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        if isinstance(step, (Pruning, Distillation)):
            groups.setdefault(short_name(step), []).append(_settings(step))

    def name(step: Pruning | Distillation) -> str:
        short, own = short_name(step), _settings(step)
        others = groups.get(short, [])
        differing = [key for key, value in own.items() if any(other[key] != value for other in others)]
        details = ", ".join(f"{key} {_text(own[key])}" for key in differing)
        return f"{short} ({details})" if details else short

    return name


def _settings(step: Step) -> dict[str, Any]:
    """Return what decides the candidate: not where a student lies, but what it is."""
    settings = step.to_data()
    given = settings.get("student", {}).get("given")
    if given is not None:
        settings["student"] = " ".join(value for value in given["identity"].values() if value is not None)
    return settings


def _text(value: Any) -> str:
    if value is None:
        return "left open"
    return _DIGEST.sub(lambda digest: digest[0][:12], str(value))
