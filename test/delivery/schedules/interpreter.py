"""MiniStack's interpreter of the Amazon States Language, for executions that take turns.

An expression of JSONata is parsed once, and computed once for the same values of the variables that it names: it has no
other inputs. What MiniStack waits for is time of the scheduler.
"""

from __future__ import annotations

import json
import marshal
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ministack.services import stepfunctions

if TYPE_CHECKING:
    from collections.abc import Callable

Failure: type[Exception] = stepfunctions._ExecutionError
_Jsonata: Any = stepfunctions.jsonata.Jsonata
MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:delivery"
_EXECUTION = "arn:aws:states:eu-west-1:111122223333:execution:delivery:"

_VARIABLE = re.compile(r"\$([A-Za-z]\w*)")
_STATES = re.compile(r"\$states\.(input|result|errorOutput|context)")
_parsed: dict[str, Any] = {}
_named: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
_computed: dict[tuple[str, bytes], Any] = {}
_compute = stepfunctions._evaluate_jsonata


def _parse(expression: str, *_: Any, **__: Any) -> Any:
    if expression not in _parsed:
        _parsed[expression] = _original_parse(expression)
        _register(_parsed[expression])
    return _parsed[expression]


_original_parse = _Jsonata.jsonata
_register = stepfunctions._register_sfn_jsonata_functions


def _evaluate(expression: str, raw_input: Any, ctx: Any = None, result: Any = None, error_output: Any = None) -> Any:
    if expression not in _named:
        _named[expression] = frozenset(_VARIABLE.findall(expression)), frozenset(_STATES.findall(expression))
    names, states = _named[expression]
    variables = ctx["variables"]
    values = [(name, variables[name]) for name in sorted(names & variables.keys())]
    if states:
        given = {"input": raw_input, "result": result, "errorOutput": error_output, "context": ctx["Execution"]}
        values += [(state, given[state]) for state in sorted(states)]
    key = expression, marshal.dumps(values, 2)
    if key not in _computed:
        # Plain JSON, as AWS keeps it, without the marks of sequences.
        _computed[key] = json.loads(json.dumps(_compute(expression, raw_input, ctx, result, error_output)))
    return _computed[key]


def install(call: Callable[[str, Any], Any], wait: Callable[[float], None]) -> None:
    """Make the interpreter request tasks and wait by these functions."""
    _Jsonata.jsonata = staticmethod(_parse)
    stepfunctions._register_sfn_jsonata_functions = lambda _: None
    stepfunctions._evaluate_jsonata = _evaluate
    stepfunctions._invoke_resource = call
    stepfunctions._scaled_sleep = wait
    stepfunctions._emit_execution_status_event = lambda _: None
    stepfunctions._add_event = lambda *_: None  # nobody reads a history
    stepfunctions.time = SimpleNamespace(sleep=lambda _: None)


def check(definition: dict[str, Any]) -> None:
    """Fail if an expression of a definition cannot be parsed."""
    invalid = stepfunctions._validate_definition_jsonata(json.dumps(definition))
    assert invalid is None, invalid


class Execution:
    """An execution of a delivery's state machine."""

    def __init__(self, definition: str, name: str, given: dict[str, Any]) -> None:
        self.arn = _EXECUTION + name
        self.given = given
        stepfunctions._state_machines[MACHINE] = {"name": "delivery", "definition": definition}
        self.record: dict[str, Any] = {
            "executionArn": self.arn,
            "stateMachineArn": MACHINE,
            "name": name,
            "status": "RUNNING",
            "input": json.dumps(given),
            "startDate": "2026-01-01T00:00:00Z",
            "events": [],
        }

    def run(self) -> None:
        """Run it to its end."""
        stepfunctions._executions[self.arn] = self.record
        try:
            stepfunctions._run_execution(self.arn)
        finally:
            del stepfunctions._executions[self.arn]

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED or ABORTED."""
        return str(self.record["status"])

    @property
    def output(self) -> dict[str, Any]:
        """Output of a successful one."""
        return json.loads(self.record["output"]) if self.status == "SUCCEEDED" else {}
