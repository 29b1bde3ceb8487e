"""Runs the example at the entry of each room."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest
import tensorflow_optimizer

MOST_LINES = 8
ROOMS = sorted(path.parent.name for path in Path(tensorflow_optimizer.__file__).parent.glob("*/__init__.py"))


def example_of(room: str) -> doctest.DocTest:
    """Return the examples in the docstring of a room's `__init__.py`."""
    module = importlib.import_module(f"tensorflow_optimizer.{room}")
    (example,) = doctest.DocTestFinder(recurse=False, exclude_empty=False).find(module)
    return example


@pytest.mark.parametrize("room", ROOMS)
def test_the_example_of_a_room_answers_what_it_says(room: str) -> None:
    example = example_of(room)
    assert 0 < sum(part.source.count("\n") for part in example.examples) <= MOST_LINES
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)
    assert not result.failed, "".join(said)
