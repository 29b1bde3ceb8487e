"""Evaluates the part of CloudWatch's metric math that alarms of this library use: arithmetic, comparisons, FILL, IF.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html.
"""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS = {"FILL": 2, "IF": 3}


class ExpressionError(ValueError):
    """An expression that is not evaluated here."""


class Expression:
    """One expression, checked once."""

    def __init__(self, text: str) -> None:
        """Reads an expression.

        Raises:
            ExpressionError: it is none, or holds what is not evaluated here.
        """
        self._text = text
        try:
            self._tree = ast.parse(text, mode="eval").body
        except SyntaxError as error:
            raise self._unsupported() from error
        self._check(self._tree)

    def value(self, values: Mapping[str, float | None]) -> float | None:
        """Returns the value at one time; None where a metric that is needed has none then.

        Args:
            values: the metrics at that time, by id.
        """
        return self._value(self._tree, values)

    def _value(self, node: ast.expr, values: Mapping[str, float | None]) -> float | None:
        match node:
            case ast.Constant():
                return float(node.value)  # type: ignore[arg-type]  # checked
            case ast.Name():
                return values.get(node.id)
            case ast.UnaryOp():
                operand = self._value(node.operand, values)
                return None if operand is None else -operand
            case ast.Call(func=ast.Name(id="FILL"), args=[metric, filling]):
                found = self._value(metric, values)
                return self._value(filling, values) if found is None else found
            case ast.Call(args=[condition, then, otherwise]):
                holds = self._value(condition, values)
                return None if holds is None else self._value(then if holds else otherwise, values)
            case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
                return _apply(_OPERATORS[type(op)], self._value(left, values), self._value(right, values))
        raise self._unsupported()

    def _check(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=int() | float()) | ast.Name():
                children: list[Any] = []
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                children = [operand]
            case ast.Call(func=ast.Name(id=name), args=children, keywords=[]) if _FUNCTIONS.get(name) == len(children):
                pass
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                children = [left, right]
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
                children = [left, right]
            case _:
                raise self._unsupported()
        for child in children:
            self._check(child)

    def _unsupported(self) -> ExpressionError:
        return ExpressionError(
            f"the emulator does not evaluate the metric math expression {self._text!r}: it knows numbers, metrics, "
            f"+ - * /, comparisons, and {' and '.join(sorted(_FUNCTIONS))}"
        )


def _apply(operation: Callable[[float, float], float], first: float | None, other: float | None) -> float | None:
    if first is None or other is None:
        return None
    try:
        return float(operation(first, other))
    except ZeroDivisionError:
        return None
