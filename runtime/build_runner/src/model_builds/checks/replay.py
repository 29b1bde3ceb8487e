"""Replays captured requests to a new function version before callers, pods or instances get it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import aws
from ..errors import ModelError
from ..versions.delivered import BUILT
from .captured_requests import newest_captures
from .replayed_answers import ReplayedAnswers

if TYPE_CHECKING:
    from collections.abc import Callable

    from .checked_version import CheckedVersion

#: Maximum time of a replay: the handler needs time left to report the result.
_LONGEST_SECONDS = 60


@dataclass(frozen=True)
class Replay:
    """The property Replay of the custom resource."""

    bucket: str
    requests: int
    max_disagreement: float | None
    max_relative_error: float | None
    accept_version: str

    @classmethod
    def of(cls, properties: dict[str, Any]) -> Replay | None:
        """Return what a version check's properties ask for, or None; nothing where a delivery goes back."""
        text = properties.get("Replay")
        if not text:
            return None
        if properties.get("Serve", BUILT) != BUILT:
            # Callers got other answers from the version that is to go: that may be why.
            print("the delivery goes back to a version that was live: no captured requests are replayed to it")
            return None
        given = json.loads(text)
        return cls(
            bucket=properties["CaptureBucket"],
            requests=int(given["requests"]),
            max_disagreement=given.get("maxDisagreement"),
            max_relative_error=given.get("maxRelativeError"),
            accept_version=given.get("acceptVersion", ""),
        )


def replay_captures(
    replay: Replay,
    version: CheckedVersion,
    properties: dict[str, Any],
    signatures: dict[str, Any],
    ask: Callable[[dict[str, Any]], tuple[int, Any]],
) -> None:
    """Fail with one sentence if the new version answers captured requests too differently.

    Args:
        replay: What is asked for.
        version: The new version.
        properties: ModelName and ModelVersion.
        signatures: Of the new version's metadata.
        ask: Sends a REST body to the new version; returns status and body.

    Raises:
        ModelError: More answers differ than may.
        BusyAccountError: The account has no concurrency.
    """
    model, model_version = properties["ModelName"], properties["ModelVersion"]
    captures = aws.patiently(
        lambda: newest_captures(replay.bucket, model, replay.requests, except_version=model_version)
    )
    if not captures:
        print("there are no captured requests that another version answered: the golden requests alone are compared")
        return
    answers: dict[str, ReplayedAnswers] = {}
    started = time.monotonic()
    for number, capture in enumerate(captures):
        if time.monotonic() - started > _LONGEST_SECONDS:
            print(f"{version.arn} answered {number} of {len(captures)} captured requests; there is no time for more")
            break
        name = capture["signatureName"]
        if name not in answers:
            answers[name] = ReplayedAnswers(_outputs(signatures.get(name)))
        status, body = ask(capture["request"])
        answers[name].add(capture, body, "" if status == 200 else f"{status}, {body.get('error')}")
    if replay.max_relative_error is None and all(compared.undecided for compared in answers.values()):
        _refuse_undecided(replay, version, model_version, sum(compared.requests for compared in answers.values()))
    problems = [problem for name in answers for problem in _problems(replay, answers[name])]
    for name, compared in answers.items():
        print(
            f"{version.arn} answered {compared.requests} captured requests at the signature {name!r}: "
            f"{_decisions(compared)} differ, relative error {compared.relative_error:.3g}"
        )
    if not problems:
        return
    if replay.accept_version == model_version:
        print(f"{version.arn} is accepted by acceptVersion, although {'; '.join(problems)}")
        return
    cases = "; ".join(case for compared in answers.values() for case in compared.worst_cases)
    raise ModelError(
        f"{version.subject} answers captured requests differently from the versions that answered them: "
        f"{'; '.join(problems)}. Worst: {cases[:1200]}. {version.kept[0].upper()}{version.kept[1:]}. "
        f"If the new answers are better, deploy with replay.acceptVersion '{model_version}'"
    )


def _refuse_undecided(replay: Replay, version: CheckedVersion, model_version: str, requests: int) -> None:
    """Fail where nothing would be compared, however much the new answers differ."""
    sentence = (
        f"replay.maxDisagreement says nothing about {version.subject}: the recorded answers to {requests} captured "
        "requests decide nothing, because they have no output with several numbers"
    )
    if replay.accept_version == model_version:
        print(f"{version.arn} is accepted by acceptVersion, although {sentence}")
        return
    raise ModelError(
        f"{sentence}. {version.kept[0].upper()}{version.kept[1:]}. Give replay.maxRelativeError, which limits numbers"
    )


def _problems(replay: Replay, compared: ReplayedAnswers) -> list[str]:
    problems = []
    allowed, error = replay.max_disagreement, replay.max_relative_error
    if allowed is not None and compared.disagreement > allowed:
        problems.append(f"{_decisions(compared)} differ, at most {allowed:.3g} may")
    if error is not None and compared.relative_error > error:
        problems.append(f"the relative error is {compared.relative_error:.3g}, at most {error:.3g} is allowed")
    return problems


def _decisions(compared: ReplayedAnswers) -> str:
    count, what = (compared.rows, "rows") if compared.undecided else (compared.decisions, "decisions")
    return f"{compared.disagreements} of {count} {what} ({compared.disagreement:.3g})"


def _outputs(signature: dict[str, Any] | None) -> dict[str, bool]:
    """Tell of each output whether dimension 0 is the batch. A signature that is gone has none."""
    outputs = (signature or {}).get("outputs", {})
    return {
        name: any(entry["size"] == "-1" for entry in tensor.get("tensor_shape", {}).get("dim", [])[:1])
        for name, tensor in outputs.items()
    }
