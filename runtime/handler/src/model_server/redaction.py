"""Removes values of inputs from captured requests."""

from __future__ import annotations

from . import json_text
from .predict import DATA, INPUTS, INSTANCES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .description import ModelDescription, Signature


class Redaction:
    """The inputs whose values are not captured.

    Args:
        text: A JSON list with their names.
        description: The model, which must have all of them.
    """

    __slots__ = ("_names",)

    def __init__(self, text: str, description: ModelDescription) -> None:
        try:
            names = json_text.loads(text)
        except ValueError:
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"CAPTURE_REDACT is '{text}', allowed: a JSON list with names of inputs")
        known = dict.fromkeys(name for signature in description.signatures.values() for name in signature.inputs)
        for name in names:
            if name not in known:
                raise ValueError(
                    f"CAPTURE_REDACT names '{name}', which is no input of the model; it has "
                    f"{', '.join(map(repr, known))}: correct capture.redact"
                )
        self._names = frozenset(names)

    def apply(self, request: dict[str, Any], signature: Signature) -> dict[str, Any]:
        """Return a request with None in the place of each value, and without members that the model does not read.

        Args:
            request: The body of a request that the model has answered. It stays as it is.
            signature: What has answered.
        """
        kept = {}
        for name, value in request.items():
            if name == INSTANCES and isinstance(value, list):
                kept[name] = [self._values(row, signature) for row in value]
            elif name in {INSTANCES, INPUTS, DATA}:
                kept[name] = self._values(value, signature)
            elif name == "signature_name":
                kept[name] = value
        return kept

    def _values(self, value: Any, signature: Signature) -> Any:
        """Redact an object of inputs, or the plain value of the only one."""
        if isinstance(value, dict) and value.keys() != {"b64"}:
            return {name: None if name in self._names else entry for name, entry in value.items()}
        return value if self._names.isdisjoint(signature.inputs) else None
