"""Captured lines of both handlers, for requests to a model with redacted inputs."""

from __future__ import annotations

from typing import Any

#: A model, a request to it, and what is captured of the request if the values of `x` are left out.
REDACTED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("signatures", {"data": [1, 2]}, {"data": None}),
    ("signatures", {"data": {"x": [1, 2]}}, {"data": {"x": None}}),
    ("signatures", {"instances": [[1, 2], [3, 4]]}, {"instances": [None, None]}),
    ("signatures", {"inputs": [[1, 2]]}, {"inputs": None}),
    (
        "signatures",
        {"signature_name": "triple", "instances": [{"x": [1, 2]}]},
        {"signature_name": "triple", "instances": [{"x": None}]},
    ),
    ("passing", {"data": {"z": [1.25, 2], "x": [3, 4]}}, {"data": {"z": [1.25, 2], "x": None}}),
    (
        "passing",
        {"instances": [{"x": [1, 2], "z": [3, 1e-05]}, {"z": [7, 8], "x": [5, 6]}]},
        {"instances": [{"x": None, "z": [3, 1e-05]}, {"z": [7, 8], "x": None}]},
    ),
    ("passing", {"inputs": {"x": [[1, 2]], "z": [[3, 4]]}}, {"inputs": {"x": None, "z": [[3, 4]]}}),
    # Members that the model does not read.
    ("signatures", {"data": [1, 2], "note": "of Ada Lovelace"}, {"data": None}),
]

_FORM = "allowed: a JSON list with names of inputs"
#: A value of CAPTURE_REDACT, and why the model with the input `x` does not start with it.
IMPOSSIBLE = [
    ('["x", "y"]', "CAPTURE_REDACT names 'y', which is no input of the model; it has 'x': correct capture.redact"),
    ("x", f"CAPTURE_REDACT is 'x', {_FORM}"),
    ('{"x": 1}', f"CAPTURE_REDACT is '{{\"x\": 1}}', {_FORM}"),
    ("[1]", f"CAPTURE_REDACT is '[1]', {_FORM}"),
]
