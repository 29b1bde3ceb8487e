"""Golden requests: REST bodies from the evaluation data, with the answers that the published model gives to them.

Without evaluation data their values are made up: they say nothing about decisions, but a version that runs another
model, or none, does not answer them alike.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.draft import GOLDEN_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ..data import Dataset
    from ..documents.manifest import Draft
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from ..runners import Runner
    from ..runners.runner import Arrays

_REQUESTS = 10
_LIMIT_BYTES = 1 << 20
#: Of the first request and of its answer: Lambda's 6 MB of a synchronous invocation, without what goes around them.
_FIRST_LIMIT_BYTES = 6_291_456 - (1 << 16)
#: Two runtimes of one format, and two processors, add in different orders.
_LEAST_TOLERANCE = 1e-3
#: What is further off is another model.
_MOST_TOLERANCE = 0.05


def write_golden(output: Path, draft: Draft, reference: Reference, runner: Runner, progress: Progress) -> int:
    """Write OUT/golden.json and return how many requests it holds.

    There are none for a model whose answer depends on what it was asked before. Where there are fewer than usual
    because of their size, `progress` gets a warning.
    """
    if reference.batch == 1:
        return 0
    content = golden_requests(draft, reference, runner, size_limit=_LIMIT_BYTES)
    kept, usual = len(content["requests"]), min(_REQUESTS, reference.datasets[reference.default].count)
    if kept:
        (output / GOLDEN_FILE).write_text(json.dumps(content, sort_keys=True) + "\n", encoding="utf-8")
    else:
        progress.warn(
            f"no golden requests are published: one sample, or its answer, is above the {_FIRST_LIMIT_BYTES:,} bytes "
            "of JSON that a function takes and returns, so that a new version's answers cannot be compared with this "
            "model's before callers get it"
        )
    if 0 < kept < usual:
        progress.warn(
            f"{kept} of {usual} golden requests are published: more than {_LIMIT_BYTES:,} bytes of JSON hold only the "
            "first"
            if kept == 1
            else f"{kept} of {usual} golden requests are published: that is what {_LIMIT_BYTES:,} bytes of JSON hold"
        )
    return kept


def golden_requests(
    draft: Draft, reference: Reference, runner: Runner, *, count: int = _REQUESTS, size_limit: int | None = None
) -> dict[str, Any]:
    """Return up to `count` requests to the default signature.

    With a `size_limit`, they have at most as many bytes together. The first may be larger, up to what a function takes:
    a model with large inputs is not served unasked.
    """
    dataset = reference.datasets[reference.default]
    requests: list[dict[str, Any]] = []
    greatest: dict[str, float] = {}
    size = 0
    for row in range(min(count, dataset.count)):
        inputs = dataset.call(row, row + 1)
        outputs = runner.run(reference.default, inputs)
        one = _request(reference, dataset, inputs, outputs)
        size += len(json.dumps(one))
        if size_limit is not None and not (size <= size_limit if requests else _is_servable(one, outputs)):
            break
        requests.append(one)
        for name, value in outputs.items():
            greatest[name] = max(greatest.get(name, 0.0), _greatest(value))
    return {
        "schemaVersion": 1,
        "model": draft.model,
        "signatureName": reference.default,
        "relativeTolerance": _tolerance(draft, greatest),
        "requests": requests,
    }


def _is_servable(one: dict[str, Any], outputs: Arrays) -> bool:
    """Say whether request and answer fit through a function, which writes all the digits of what it answers."""
    digits = json.dumps([value.tolist() for value in outputs.values() if value.dtype.kind in "biuf"])
    return max(len(digits), *(len(json.dumps(part)) for part in one.values())) <= _FIRST_LIMIT_BYTES


def _tolerance(draft: Draft, greatest: dict[str, float]) -> float:
    """Return how far an answer may be from the expected one, as a share of its output's greatest expected number.

    A quantized model rounds its activations, and the last bit of a sum decides to which side: another processor may
    round another way. How much rounding changes this model's answers is known: by its error against the original.
    """
    outputs = draft.signatures[draft.default_signature].outputs
    measured = draft.evaluation.outputs if draft.evaluation else {}
    errors = [measured[name].relative_error or 0.0 for name in outputs if name in measured]
    # An output that is itself an integer goes in steps: one the other way, and one for what led to it.
    steps = [
        2 * tensor.tensor.quantization.scale / greatest[name]
        for name, tensor in outputs.items()
        if tensor.tensor and tensor.tensor.quantization and greatest.get(name)
    ]
    return max(_LEAST_TOLERANCE, min(max(errors, default=0.0), _MOST_TOLERANCE), *steps)


def _greatest(value: NDArray[Any]) -> float:
    """Return the greatest finite absolute number; 0 where there is none."""
    if value.dtype.kind not in "iuf":
        return 0.0
    finite = np.abs(value[np.isfinite(value)].astype(np.float64))
    return float(finite.max(initial=0.0))


def _request(reference: Reference, dataset: Dataset, inputs: Arrays, outputs: Arrays) -> dict[str, Any]:
    name = {"signature_name": reference.default}
    if dataset.batched:
        instance, prediction = (
            _only({key: _plain(value[0]) for key, value in one.items()}) for one in (inputs, outputs)
        )
        return {"request": {**name, "instances": [instance]}, "response": {"predictions": [prediction]}}
    asked, answered = (_only({key: _plain(value) for key, value in one.items()}) for one in (inputs, outputs))
    return {"request": {**name, "inputs": asked}, "response": {"outputs": answered}}


def _shortest(value: NDArray[Any]) -> NDArray[Any]:
    """Return the doubles with the fewest digits that are these floats: half the text of the nearest doubles."""
    return np.asarray(value).astype(str).astype(np.float64)


def _only(values: dict[str, Any]) -> Any:
    """Name nothing where there is one only, as TensorFlow Serving answers."""
    return next(iter(values.values())) if len(values) == 1 else values


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    if hasattr(value, "tolist"):
        return _plain((_shortest(value) if value.dtype in (np.float32, np.float16) else value).tolist())
    return [_plain(one) for one in value] if isinstance(value, list) else value
