"""Collects what is wrong with data: each kind of problem once, with its first place and how often it was found."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..hints import Hint

#: Most kinds of problems that are kept. A file of another kind would have one for each row.
_MAXIMUM = 100
#: Most problems in one sentence.
_SHOWN = 5


@dataclass
class _Problem:
    text: str
    hints: tuple[Hint, ...]
    count: int = 1

    def __str__(self) -> str:
        return self.text if self.count == 1 else f"{self.text} (and {self.count - 1:,} more)"


class Problems:
    """Problems in the order in which they were found.

    >>> problems = Problems()
    >>> problems.add("data.csv, row 2 is empty", key="empty")
    >>> problems.add("data.csv, row 5 is empty", key="empty")
    >>> list(problems)
    ['data.csv, row 2 is empty (and 1 more)']
    """

    def __init__(self) -> None:
        self._problems: dict[str, _Problem] = {}
        self._left_out = 0

    def add(self, text: str, *hints: Hint, key: str | None = None, count: int = 1) -> None:
        """Add a problem.

        Args:
            text: The sentence, with the place.
            hints: The ways out that it names.
            key: The kind of problem, of which only the first place is kept. Default: the sentence.
            count: Number of places that have it.
        """
        known = self._problems.get(key or text)
        if known is not None:
            known.count += count
        elif len(self._problems) < _MAXIMUM:
            self._problems[key or text] = _Problem(text, hints, count)
        else:
            self._left_out += count

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Add the error that ends what is done meanwhile, unless it is known."""
        try:
            yield
        except BadInputError as error:
            if str(error) not in self._problems:
                self.add(str(error), *error.hints)

    def __bool__(self) -> bool:
        return bool(self._problems)

    def __iter__(self) -> Iterator[str]:
        yield from map(str, self._problems.values())
        if self._left_out:
            yield f"{self._left_out:,} more problems of other kinds"

    @property
    def hints(self) -> tuple[Hint, ...]:
        """The ways out that the sentences name, each once."""
        return tuple(dict.fromkeys(hint for problem in self._problems.values() for hint in problem.hints))

    def refuse(self) -> None:
        """Raise one error for all problems, if there are any.

        Raises:
            BadInputError: There are problems.
        """
        texts = list(self)
        if len(texts) > 1:
            more = f"; and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
            listed = "; ".join(f"({number}) {text}" for number, text in enumerate(texts[:_SHOWN], start=1))
            raise BadInputError(f"{len(texts)} problems: {listed}{more}", *self.hints)
        if texts:
            raise BadInputError(texts[0], *self.hints)
