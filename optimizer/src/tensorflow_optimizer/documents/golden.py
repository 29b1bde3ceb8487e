"""golden.json, published as golden/<version>.json: requests with the answers that a new version must give."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict

from .document import Document


class GoldenRequest(Document):
    """A request, and the published model's answer. Numbers can be NaN or infinite, as in TensorFlow Serving."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    request: dict[str, Any]
    """REST body, with `signature_name`, and `instances` (rows) or `inputs` (columns)."""
    response: dict[str, Any]
    """`predictions` to instances, `outputs` to inputs."""


class GoldenRequests(Document):
    """golden.json: requests to the default signature."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    schema_version: Literal[1] = 1
    model: str
    signature_name: str
    relative_tolerance: float
    """Allowed difference of a number, as a share of the greatest expected number of its output."""
    requests: list[GoldenRequest]
