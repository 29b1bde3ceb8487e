"""Golden requests: REST bodies from the evaluation data, with the answers that the published model gives to them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from ..draft import GOLDEN_FILE
from ..outcome import EvidenceKind

if TYPE_CHECKING:
    from pathlib import Path

    from ..data import Dataset
    from ..manifest import Draft
    from ..runners import Runner
    from .reference import Reference

_REQUESTS = 10
_LIMIT_BYTES = 1 << 20
#: Two runtimes of one format add in different orders; a quantized model may round an activation the other way.
_TOLERANCE = 1e-3


def write_golden(output: Path, draft: Draft, reference: Reference, runner: Runner) -> int:
    """Write OUT/golden.json and return how many requests it holds.

    There are none where no real inputs are, and for a model whose answer depends on what it was asked before.
    """
    dataset = reference.datasets[reference.default]
    if reference.evidence is EvidenceKind.GENERATED or reference.batch == 1:
        return 0
    requests: list[dict[str, Any]] = []
    size = 0
    for row in range(min(_REQUESTS, dataset.count)):
        one = _request(reference, runner, dataset, row)
        size += len(json.dumps(one))
        if size > _LIMIT_BYTES:
            break
        requests.append(one)
    if requests:
        content = {
            "schemaVersion": 1,
            "model": draft.model,
            "signatureName": reference.default,
            "relativeTolerance": _TOLERANCE,
            "requests": requests,
        }
        (output / GOLDEN_FILE).write_text(json.dumps(content, sort_keys=True) + "\n", encoding="utf-8")
    return len(requests)


def _request(reference: Reference, runner: Runner, dataset: Dataset, row: int) -> dict[str, Any]:
    inputs = dataset.call(row, row + 1)
    outputs = runner.run(reference.default, inputs)
    name = {"signature_name": reference.default}
    if dataset.batched:
        instance, prediction = (
            _only({key: _plain(value[0]) for key, value in one.items()}) for one in (inputs, outputs)
        )
        return {"request": {**name, "instances": [instance]}, "response": {"predictions": [prediction]}}
    asked, answered = (_only({key: _plain(value) for key, value in one.items()}) for one in (inputs, outputs))
    return {"request": {**name, "inputs": asked}, "response": {"outputs": answered}}


def _only(values: dict[str, Any]) -> Any:
    """Name nothing where there is one only, as TensorFlow Serving answers."""
    return next(iter(values.values())) if len(values) == 1 else values


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return [_plain(one) for one in value] if isinstance(value, list) else value
