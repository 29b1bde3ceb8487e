"""Rules of requests that a schema cannot say, as changes to a body that the schema allows.

`openapi.json` names them in its descriptions. Without them a request that the schema allows may be refused.
"""

from __future__ import annotations

from typing import Any


def keep_rules(path: str, body: Any) -> Any:
    """Return a body with as few changes as the rules need."""
    body = _with_whole_numbers(body)
    if path.endswith(":predict"):
        return _with_equal_columns(body)
    return _with_values_of_shape(body) if path.endswith("/infer") else body


def _with_whole_numbers(value: Any) -> Any:
    """Write whole numbers without a point, which integers must not have and other numbers need not."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        return [_with_whole_numbers(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _with_whole_numbers(entry) for name, entry in value.items()}
    return value


def _with_equal_columns(body: Any) -> Any:
    """Give all inputs in column format as many rows as the input that has the fewest."""
    columns = body.get("inputs")
    if not isinstance(columns, dict) or len(columns) == 1:
        return body
    rows = min(map(len, columns.values()))
    return {**body, "inputs": {name: column[:rows] for name, column in columns.items()}}


def _with_values_of_shape(body: Any) -> Any:
    """Give all inputs as many rows as the input that has the fewest, and say so in their shapes."""
    rows = min(_rows(given) for given in body["inputs"])
    return {**body, "inputs": [_with_rows(given, rows) for given in body["inputs"]]}


def _rows(given: dict[str, Any]) -> int:
    data = given["data"]
    return len(data) if isinstance(data[0], list) else len(data) // _size(given)


def _with_rows(given: dict[str, Any], rows: int) -> dict[str, Any]:
    data = given["data"]
    count = rows if isinstance(data[0], list) else rows * _size(given)
    shape = [rows, *given["shape"][1:]][: len(given["shape"])]  # A scalar without a batch has no rows.
    return {**given, "shape": shape, "data": data[:count]}


def _size(given: dict[str, Any]) -> int:
    size = 1
    for dimension in given["shape"][1:]:
        size *= dimension
    return size
