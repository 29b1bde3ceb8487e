"""Loads a model in a process of its own, and answers what the judge asks it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..documents.manifest import Signature
from ..documents.plain import from_plain, to_plain
from ..errors import OptimizerError
from ..signatures import SignatureSpec
from .describe import describe_signatures
from .litert_runner import LiteRtRunner
from .runner import RunError
from .saved_model_runner import SavedModelRunner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..sandbox import Channel
    from .runner import Arrays, Runner

#: The first request of all: the task has begun, and with it the time of loading.
READY, THREADS = "ready", "threads"


def answer(channel: Channel, _: Path) -> None:
    """Load the model of the first request that names one, and answer the others.

    A request has a signature and its inputs; with `times`, the signature is called so often, and the answer is empty.
    """
    models: dict[int, Runner] = {}
    for request in channel:
        try:
            channel.answer(*_answered(request.document, request.arrays, models))
        except (RunError, OptimizerError) as error:
            channel.fail(error)


def _answered(asked: Mapping[str, Any], inputs: Arrays, models: dict[int, Runner]) -> tuple[Any, Arrays]:
    if READY in asked:
        return {}, {}
    if "kind" in asked:
        models[1], described = _opened(asked)
        return {"signatures": described}, {}
    threads = asked[THREADS]
    if "close" in asked:
        if threads in models:
            models.pop(threads).close()
        return {}, {}
    if threads not in models:
        models[threads] = _with_threads(models[1], threads)
    runner, signature = models[threads], asked["signature"]
    if "times" not in asked:
        return {}, runner.run(signature, inputs)
    for _ in range(asked["times"]):
        runner.run(signature, inputs)
    return {}, {}


def _with_threads(runner: Runner, threads: int) -> Runner:
    if not isinstance(runner, LiteRtRunner):
        raise TypeError("a SavedModel runs on one thread")
    return runner.with_threads(threads)


def _opened(asked: Mapping[str, Any]) -> tuple[Runner, Any]:
    path, reset_state = Path(asked["path"]), asked["resetState"]
    if asked["kind"] == "litert":
        content = path.read_bytes()
        signatures = (
            from_plain(dict[str, Signature], asked["signatures"], "the signatures")
            if asked["signatures"] is not None
            else describe_signatures(
                content,
                asked["batched"],
                asked["methodNames"],
                asked["fileSignatures"],
                unknown_batch=asked["unknownBatch"],
            )
        )
        runner = LiteRtRunner(content, signatures, reset_state=reset_state)
        return runner, to_plain(dict[str, Signature], signatures)
    session = SavedModelRunner(path, asked["tags"], asked["names"], reset_state=reset_state, saved_by=asked["savedBy"])
    return session, to_plain(dict[str, SignatureSpec], session.signatures)
