"""Joins of parameters in conditions, which MiniStack compares as they are written.

The template of `cdk bootstrap` finds out in this way whether it has execution policies; otherwise its role gets none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Parameters = dict[str, dict[str, Any]]


def with_joins(evaluate: Callable[..., dict[str, bool]]) -> Callable[..., dict[str, bool]]:
    """Joins parameters before conditions are evaluated."""

    def evaluating(template: dict[str, Any], parameters: Parameters) -> dict[str, bool]:
        conditions = joined(template.get("Conditions", {}), parameters)
        return evaluate({**template, "Conditions": conditions}, parameters)

    return evaluating


def joined(value: Any, parameters: Parameters) -> Any:
    """Returns a part of a template with the texts of its joins, where these are of parameters and texts."""
    if isinstance(value, list):
        return [joined(each, parameters) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) != {"Fn::Join"}:
        return {name: joined(each, parameters) for name, each in value.items()}
    separator, items = value["Fn::Join"]
    if isinstance(items, dict):
        # A list of a parameter is one text here.
        text = _text(items, parameters)
        items = text.split(",") if isinstance(text, str) else [text]
    texts = [_text(each, parameters) for each in items]
    return separator.join(texts) if all(isinstance(text, str) for text in texts) else value


def _text(value: Any, parameters: Parameters) -> Any:
    if isinstance(value, dict) and value.get("Ref") in parameters:
        return parameters[value["Ref"]]["Value"]
    return value
