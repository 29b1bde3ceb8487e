"""Golden requests: REST bodies from the evaluation data, with the published model's answers.

Without evaluation data their values are generated. They then say nothing about decisions, but still detect a version
that runs another model, or none.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import decode_images, generated_image
from ..documents.draft import GOLDEN_FILE
from ..documents.golden import GoldenRequest, GoldenRequests

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ..data import Dataset
    from ..documents.manifest import Draft
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from ..runners import Runner
    from ..runners.runner import Arrays
    from ..sandbox import Sandbox

_REQUESTS = 10
_LIMIT_BYTES = 1 << 20
#: Limit of the first request and its answer: Lambda's 6 MB for a synchronous invocation, minus the envelope.
_FIRST_LIMIT_BYTES = 6_291_456 - (1 << 16)
#: Two runtimes of one format, and two processors, add in different orders.
_LEAST_TOLERANCE = 1e-3
#: A larger difference means another model.
_MOST_TOLERANCE = 0.05


def write_golden(  # noqa: PLR0913, PLR0917 - one fact each
    sandbox: Sandbox, output: Path, draft: Draft, reference: Reference, runner: Runner, progress: Progress
) -> int:
    """Write OUT/golden.json and return the number of requests.

    There are none for a stateful model. If there are fewer than usual because of their size, `progress` gets a warning.
    """
    if reference.batch == 1:
        return 0
    content = golden_requests(draft, reference, runner, size_limit=_LIMIT_BYTES)
    kept, usual = len(content.requests), min(_REQUESTS, reference.datasets[reference.default].count)
    content.requests.extend(_image_requests(sandbox, draft, reference, runner))
    if content.requests:
        (output / GOLDEN_FILE).write_text(json.dumps(content.to_data(), sort_keys=True) + "\n", encoding="utf-8")
    else:
        progress.warn(
            f"no golden requests are published: one sample, or its answer, is above the {_FIRST_LIMIT_BYTES:,} bytes "
            "of JSON that a function takes and returns, so that a new version's answers cannot be compared with this "
            "model's before callers get it"
        )
    if content.requests and kept < usual:
        progress.warn(
            f"{kept} of {usual} golden requests are published: more than {_LIMIT_BYTES:,} bytes of JSON hold only the "
            "first"
            if kept == 1
            else f"{kept} of {usual} golden requests are published: that is what {_LIMIT_BYTES:,} bytes of JSON hold"
        )
    return kept


def golden_requests(
    draft: Draft, reference: Reference, runner: Runner, *, count: int = _REQUESTS, size_limit: int | None = None
) -> GoldenRequests:
    """Return up to `count` requests to the default signature.

    `size_limit` is the maximum total size in bytes. The first may be larger, up to a function's limit, so that a model
    with large inputs is checked too.
    """
    dataset = reference.datasets[reference.default]
    requests: list[GoldenRequest] = []
    greatest: dict[str, float] = {}
    size = 0
    for row in range(min(count, dataset.count)):
        inputs = dataset.call(row, row + 1)
        outputs = runner.run(reference.default, inputs)
        request = _request(reference, dataset, inputs, outputs)
        size += len(json.dumps(request.to_data()))
        if size_limit is not None and not (size <= size_limit if requests else _is_servable(request, outputs)):
            break
        requests.append(request)
        for name, value in outputs.items():
            greatest[name] = max(greatest.get(name, 0.0), _greatest(value))
    return GoldenRequests(
        model=draft.model,
        signature_name=reference.default,
        relative_tolerance=_tolerance(draft, greatest),
        requests=requests,
    )


def _image_requests(sandbox: Sandbox, draft: Draft, reference: Reference, runner: Runner) -> list[GoldenRequest]:
    """Return a request with an image for a model that takes them, so that the decoding of a new version is checked.

    There is none if the answer is too large for a function.
    The image is a PNG of the input's own size, of which all decoders make the same pixels.
    """
    inputs = draft.signatures[reference.default].inputs
    name = next((name for name, tensor in inputs.items() if tensor.image is not None), None)
    if name is None or (image := inputs[name].image) is None:
        return []
    dataset = reference.datasets[reference.default]
    given = dataset.call(0, 1)
    content = generated_image(given[name].shape[1:])
    (row,) = decode_images(
        sandbox, [("the generated image", content)], image, given[name].shape[1:], str(given[name].dtype)
    )
    numbers = {**given, name: np.repeat(row[np.newaxis], len(given[name]), axis=0)}
    encoded = np.array([content] * len(given[name]), dtype=object)
    outputs = runner.run(reference.default, numbers)
    request = _request(reference, dataset, {**given, name: encoded}, outputs)
    return [request] if _is_servable(request, outputs) else []


def _is_servable(request: GoldenRequest, outputs: Arrays) -> bool:
    """Say whether request and answer fit through a function, which writes all digits of its answers."""
    digits = json.dumps([value.tolist() for value in outputs.values() if value.dtype.kind in "biuf"])
    texts = (digits, json.dumps(request.request), json.dumps(request.response))
    return max(map(len, texts)) <= _FIRST_LIMIT_BYTES


def _tolerance(draft: Draft, greatest: dict[str, float]) -> float:
    """Return the tolerance, relative to an output's greatest expected number.

    A quantized model rounds its activations, and the last bit of a sum decides the direction, which may differ between
    processors. The error against the original shows how much rounding changes this model's answers.
    """
    outputs = draft.signatures[draft.default_signature].outputs
    measured = draft.evaluation.outputs if draft.evaluation else {}
    errors = [measured[name].relative_error or 0.0 for name in outputs if name in measured]
    # An integer output moves in steps: one for its own rounding, and one for earlier rounding.
    steps = [
        2 * tensor.tensor.quantization.scale / greatest[name]
        for name, tensor in outputs.items()
        if tensor.tensor and tensor.tensor.quantization and greatest.get(name)
    ]
    return max(_LEAST_TOLERANCE, min(max(errors, default=0.0), _MOST_TOLERANCE), *steps)


def _greatest(value: NDArray[Any]) -> float:
    """Return the greatest finite absolute number; 0 if there is none."""
    if value.dtype.kind not in "iuf":
        return 0.0
    finite = np.abs(value[np.isfinite(value)].astype(np.float64))
    return float(finite.max(initial=0.0))


def _request(reference: Reference, dataset: Dataset, inputs: Arrays, outputs: Arrays) -> GoldenRequest:
    name = {"signature_name": reference.default}
    # Servers refuse rows if an output is not one answer per row, such as the names of the classes.
    if dataset.batched and all(value.ndim and len(value) == 1 for value in outputs.values()):
        instance, prediction = (
            _only({key: _plain(value[0]) for key, value in entry.items()}) for entry in (inputs, outputs)
        )
        return GoldenRequest(request={**name, "instances": [instance]}, response={"predictions": [prediction]})
    asked, answered = (_only({key: _plain(value) for key, value in entry.items()}) for entry in (inputs, outputs))
    return GoldenRequest(request={**name, "inputs": asked}, response={"outputs": answered})


def _shortest(value: NDArray[Any]) -> NDArray[Any]:
    """Return the shortest doubles equal to these floats, about half the text of the nearest doubles."""
    return np.asarray(value).astype(str).astype(np.float64)


def _only(values: dict[str, Any]) -> Any:
    """Leave out the name of a single output, as TensorFlow Serving does."""
    return next(iter(values.values())) if len(values) == 1 else values


def _text(value: bytes) -> str | dict[str, str]:
    """Return the text, which people can read, or Base64 of bytes that are none."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode("ascii")}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return _text(value)
    if hasattr(value, "tolist"):
        return _plain((_shortest(value) if value.dtype in (np.float32, np.float16) else value).tolist())
    return [_plain(entry) for entry in value] if isinstance(value, list) else value
