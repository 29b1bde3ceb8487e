"""Parses steps of the command line, such as `pruning:sparsity=0.8,epochs=3`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pydantic import TypeAdapter, ValidationError

from ..documents.job import Distillation, Freeze, Pruning, Step, Strip, StudentModel
from ..documents.quantization import LayerQuantization, Operation, Quantization, QuantizationRecovery
from ..errors import BadInputError
from .option_values import camel_case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..documents.document import Document

_QUANTIZATIONS: tuple[str, ...] = get_args(Quantization.model_fields["mode"].annotation)
_OTHERS: dict[str, type[Document]] = {
    "strip": Strip,
    "freeze": Freeze,
    "pruning": Pruning,
    "distillation": Distillation,
}
#: Mode of quantization whose settings are kinds of layers.
_MIXED = "mixed"
_FULL_INTEGER = "fullInteger"
_STEP: TypeAdapter[Step] = TypeAdapter(Step)


def step_help() -> str:
    """Return the help text of a step."""
    others = (f"{name} ({', '.join(_settings(name))})".removesuffix(" ()") for name in _OTHERS)
    mixed = f"{', '.join(_settings(_MIXED))}, each one of {', '.join(LayerQuantization)}"
    recovery = f"recover, one of {', '.join(map(_kebab, QuantizationRecovery))}"
    settings = {_MIXED: mixed, _FULL_INTEGER: recovery}
    named = (f"{_kebab(name)} ({settings[name]})" if name in settings else _kebab(name) for name in _QUANTIZATIONS)
    return "; ".join([*named, *others])


def parse_steps(texts: Sequence[str], students: Sequence[StudentModel]) -> list[Step]:
    """Parse steps, in their order.

    Args:
        texts: `NAME` or `NAME:SETTING=VALUE,…`, names and values as in job.json, or the same with hyphens.
        students: Models to train, for the distillations without a size, in their order.

    Raises:
        BadInputError: A text is not a step, or the number of students is wrong.
    """
    steps: list[Step] = []
    problems: list[str] = []
    learners: list[tuple[str, dict[str, Any]]] = []
    for text in texts:
        name, pairs = _split(text)
        data: dict[str, Any] = dict(pairs)
        problem = _unknown(name, pairs)
        if name == "distillation" and problem is None:
            data["student"] = {"size": data.pop("size", None)}
            if data["student"]["size"] is None:
                learners.append((text, data))
                # Check the other settings first; the missing student is reported below.
                data["student"] = {"given": students[min(len(learners), len(students)) - 1] if students else _NOBODY}
        if problem is None:
            if name == _MIXED:
                data = {"operations": data}
            step = {"step": "quantization", "mode": name} if name in _QUANTIZATIONS else {"step": name}
            try:
                steps.append(_STEP.validate_python({**data, **step}))
            except ValidationError as error:
                problem = "; ".join(map(_sentence, error.errors()))
        if problem is not None:
            problems.append(f"--step {text}: {problem}")
    if len(learners) != len(students):
        problems.append(
            f"steps of distillation without a size: {len(learners)}, models given as --student: {len(students)}; write "
            "distillation:size=small (tiny, small, medium), or give the model to train, once for each such step"
        )
    if problems:
        raise BadInputError("; ".join(problems))
    return steps


#: Placeholder for a missing student.
_NOBODY = {"packaging": "file", "identity": {}}


def _split(text: str) -> tuple[str, list[tuple[str, str]]]:
    name, _, rest = text.partition(":")
    pairs = [entry.partition("=") for entry in rest.split(",") if entry]
    return camel_case(name.strip()), [(camel_case(key.strip()), _value(value.strip())) for key, _, value in pairs]


def _unknown(name: str, pairs: Sequence[tuple[str, str]]) -> str | None:
    if name not in {*_QUANTIZATIONS, *_OTHERS}:
        return f"there is no such step; the steps are {step_help()}"
    allowed, keys = _settings(name), [key for key, _ in pairs]
    wrong = [key for key in keys if key not in allowed]
    if wrong:
        return f"there is no setting {', '.join(map(repr, wrong))} (allowed: {', '.join(allowed) or 'none'})"
    twice = sorted({key for key in keys if keys.count(key) > 1})
    return f"{', '.join(twice)} is given twice; give it once" if twice else None


def _settings(name: str) -> list[str]:
    if name == _MIXED:
        return [operation.value for operation in Operation]
    if name == _FULL_INTEGER:
        return ["recover"]
    document = _OTHERS.get(name)
    fields = [field.alias or key for key, field in document.model_fields.items()] if document else []
    return ["size" if field == "student" else field for field in fields if field != "step"]


def _value(text: str) -> str:
    """Return a value as in job.json, with words in camel case."""
    return camel_case(text) if text[:1].isalpha() else text


def _kebab(text: str) -> str:
    return "".join(f"-{entry.lower()}" if entry.isupper() else entry for entry in text)


def _sentence(error: Any) -> str:
    given = "" if error["type"] == "missing" else f", got {error['input']!r}"
    return f"{error['loc'][-1]}: {error['msg']}{given}"
