"""The subjects: the interpreter alone, the shipped handler, and the parts of its work."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.digits import HANDLER, images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH = 32
BARE, BARE_BATCH = "bare interpreter call", f"{BATCH} bare interpreter calls"
DIRECT, HTTP = "handler, direct invocation", "handler, HTTP request"
DIRECT_BATCH, HTTP_BATCH = f"handler, direct invocation with {BATCH} rows", f"handler, HTTP request with {BATCH} rows"
TARGETS = {DIRECT: 1.5, HTTP: 1.5, DIRECT_BATCH: 1.3, HTTP_BATCH: 1.3}
"""At most so many times the bare calls."""
CONTEXT = SimpleNamespace(aws_request_id="00000000-0000-4000-8000-000000000000")


class _Nowhere(io.TextIOBase):
    """A stream that discards the log, so that every line is still created and written."""

    def write(self, text: str) -> int:
        return len(text)


@contextlib.contextmanager
def quiet_handler(model: Path) -> Iterator[Any]:
    """Import the shipped entry point as Lambda does, with its metrics on, on the nano runtime."""
    import ai_edge_litert

    library = Path(ai_edge_litert.__file__).parent / "libLiteRt.so"
    environment = {
        "MODEL_DIR": str(model),
        "MODEL_RUNTIME": "nano",
        "LITERT_LIBRARY": str(library),
        "METRIC_NAMESPACE": "CdkTensorFlow",
        "AWS_LAMBDA_FUNCTION_NAME": "digits",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    }
    os.environ.update(environment)
    sys.path.insert(0, str(HANDLER))
    with contextlib.redirect_stdout(_Nowhere()):
        yield importlib.import_module("index")


def subjects(handler: Any, model: Path) -> dict[str, Callable[[], object]]:
    """Return the subjects of the table. All that predict must return the same digit."""
    from model_server import codec, events, json_text, tensor_text

    served = handler.MODEL
    signature = served.signature(None)
    (tensor,) = signature.inputs.values()
    found = images()
    rows = (found * (BATCH // len(found) + 1))[:BATCH]
    request = {
        "requestContext": {"http": {"method": "POST"}},
        "rawPath": f"/v1/models/{served.description.model}:predict",
    }
    one, batch = json.dumps({"instances": rows[:1]}), json.dumps({"instances": rows})
    stored = codec.encode(tensor, rows[:1], tensor.stored_shape)
    bare = _interpreter(model, rows)
    subject: dict[str, Callable[[], object]] = {
        BARE: lambda: bare(0),
        DIRECT: lambda: handler.handler({"data": rows[0]}, CONTEXT),
        HTTP: lambda: handler.handler({**request, "body": one}, CONTEXT),
        "of it: JSON to lists, where the short way does not apply": lambda: json_text.loads(one),
        "of it: JSON text to the tensor's bytes": lambda: tensor_text.read(signature, one),
        "of it: lists to the tensor's bytes": lambda: codec.encode(tensor, rows[:1], tensor.stored_shape),
        "of it: copy in, invoke, copy out": lambda: served.runtime.run(signature, [stored]),
        "of it: a line of the log": lambda: handler.LOG.answered(CONTEXT.aws_request_id, 200, None, 1.0),
        BARE_BATCH: lambda: [bare(row) for row in range(BATCH)],
        DIRECT_BATCH: lambda: handler.handler({"instances": rows}, CONTEXT),
        HTTP_BATCH: lambda: handler.handler({**request, "body": batch}, CONTEXT),
    }
    (expected,) = bare(0).argmax(axis=1)
    for event in ({"instances": rows[:1]}, {"instances": rows}):
        scores = events.answer(served, event)["predictions"][0]
        if scores.index(max(scores)) != expected:
            raise RuntimeError("the handler and the interpreter disagree about the digit")
    return subject


def _interpreter(model: Path, rows: list[Any]) -> Callable[[int], np.ndarray[Any, Any]]:
    """Return the minimum for one row with LiteRT's own interpreter: set, invoke, get."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(model / "model.tflite"), num_threads=1)
    interpreter.allocate_tensors()
    (given,), (wanted,) = interpreter.get_input_details(), interpreter.get_output_details()
    arrays = [np.asarray([row], given["dtype"]) for row in rows]

    def call(row: int) -> np.ndarray[Any, Any]:
        interpreter.set_tensor(given["index"], arrays[row])
        interpreter.invoke()
        output: np.ndarray[Any, Any] = interpreter.get_tensor(wanted["index"])
        return output

    return call
