"""Parses options of `optimize`: shapes, tasks, class names, and limits on metrics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from ..documents.job import Metric, MetricName, ModelTask, Rule
from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def parse_shapes(texts: Sequence[str]) -> dict[str, list[int]] | None:
    """Parse complete shapes by input name, as in `NAME=1,16000`; None if there are none.

    Raises:
        BadInputError: A text is not a shape.
    """
    shapes: dict[str, list[int]] = {}
    for name, value in _pairs("--input-shape", texts, "NAME=1,16000, the batch dimension included"):
        if not re.fullmatch(r"-?\d+(,-?\d+)*", value, re.ASCII):
            raise BadInputError(
                f"--input-shape {name}={value} is no shape: give whole numbers, as in {name}=1,16000, the batch "
                "dimension included"
            )
        shapes[name] = [int(size) for size in value.split(",")]
    return shapes or None


def parse_tasks(texts: Sequence[str]) -> dict[str, ModelTask]:
    """Parse tasks by output name, as in `NAME=KIND`.

    Raises:
        BadInputError: A text does not name a task.
    """
    kinds = ", ".join(ModelTask)
    tasks = {}
    for name, value in _pairs("--task", texts, f"NAME=KIND, KIND being one of {kinds}"):
        try:
            tasks[name] = ModelTask(value)
        except ValueError as error:
            raise BadInputError(f"--task {name}={value} names no task: give one of {kinds}") from error
    return tasks


def parse_metric_rules(
    option: str, rule: Literal["maxLoss", "notWorseThanServing"], texts: Sequence[str]
) -> list[Rule]:
    """Parse limits on metrics, as in `recall:1=0.03` or `balanced-accuracy@OUTPUT=0.02`.

    Args:
        option: The option, for errors.
        rule: The rule of the gate that it stands for.
        texts: Its values.

    Raises:
        BadInputError: A text is no limit on a metric.
    """
    names = ", ".join(MetricName)
    rules = []
    for name, value in _pairs(option, texts, "METRIC=LIMIT, such as recall:1=0.03"):
        key, _, output = name.partition("@")
        try:
            metric = Metric.of_key(camel_case(key)).model_copy(update={"output": output or None})
            limit = float(value)
            if not 0 <= limit < 1:
                raise ValueError(value)
            rules.append(Rule(rule=rule, value=limit, metric=metric))
        except ValueError as error:
            raise BadInputError(
                f"{option} {name}={value} is no limit: give METRIC=LIMIT, METRIC being one of {names}, with :CLASS for "
                "the recall, precision or F1 of a class, :K for top-k, and @OUTPUT for one output of several, and "
                "LIMIT at least 0 and below 1: one point is 0.01"
            ) from error
    return rules


def camel_case(text: str) -> str:
    """Return a word with hyphens as job.json writes it."""
    first, *others = text.split("-")
    return first + "".join(other.capitalize() for other in others)


def read_labels(file: Path) -> list[str]:
    """Return the names of the classes, one per line of a file.

    Raises:
        BadInputError: A line is empty, a name is repeated, or the file is not text.
    """
    try:
        # A newline at the end does not start another line.
        lines = file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise BadInputError(f"{file} is no text in UTF-8 ({error}): give the name of a class on each line") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            raise BadInputError(f"line {number} of {file} is empty: give the name of a class on each line")
        if line in lines[: number - 1]:
            raise BadInputError(f"{file} names the class {line!r} twice: names must be different from each other")
    return lines


def _pairs(option: str, texts: Sequence[str], form: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for text in texts:
        name, _, value = text.rpartition("=")
        if not name:
            raise BadInputError(f"{option} {text} names nothing: write it as {form}")
        if name in dict(pairs):
            raise BadInputError(f"{option} is given twice for {name!r}: give it once")
        pairs.append((name, value))
    return pairs
