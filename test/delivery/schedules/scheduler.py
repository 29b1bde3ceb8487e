"""Actors that take turns, one step at a time, in an order that is drawn, on a clock of their own."""

from __future__ import annotations

import _thread
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

#: Maximum steps of a schedule. One that takes more would never end.
MOST_STEPS = 6_000


class Ended(BaseException):
    """Ends an actor where it stands; no handler catches it."""


class Choices:
    """Bytes that decide; zeros, which choose what is plainest, once they are used up."""

    def __init__(self, drawn: bytes) -> None:
        self._drawn = iter(drawn)

    def below(self, count: int) -> int:
        """Return a number from 0 to `count`, without it."""
        return next(self._drawn, 0) % count

    def byte(self) -> int:
        """Return a number from 0 to 255."""
        return next(self._drawn, 0)


class Actor:
    """Work that stops at each of its requests until it is its turn to go on."""

    def __init__(self, name: str, work: Callable[[], None], at: float) -> None:
        self.name, self.work, self.wakes = name, work, at
        self.has_begun = False
        self.turn = _thread.allocate_lock()
        self.turn.acquire()


class _Thread:
    """A thread that is used again: to start one for each actor would take most of the time."""

    idle: list[_Thread] = []  # noqa: RUF012 - of the process

    def __init__(self) -> None:
        self.go = _thread.allocate_lock()
        self.go.acquire()
        self.job: Callable[[], None] = lambda: None
        _thread.start_new_thread(self._run, ())

    def _run(self) -> None:
        while True:
            self.go.acquire()
            self.job()
            self.idle.append(self)


class Scheduler:
    """Runs actors until all have ended.

    The actor that pauses chooses who goes on. If that is itself, no thread has to wait for another.
    """

    def __init__(self, choices: Choices) -> None:
        self.now = 0.0
        self.choices = choices
        self.current: Actor | None = None
        self.steps = 0
        self._actors: list[Actor] = []
        self._error: BaseException | None = None
        self._is_ending = False
        self._is_over = _thread.allocate_lock()
        self._is_over.acquire()

    def begin(self, name: str, work: Callable[[], None], after: float = 0) -> None:
        """Add an actor that begins after some seconds."""
        self._actors.append(Actor(name, work, self.now + after))

    def pause(self, seconds: float = 0) -> None:
        """Let the others go on, from inside an actor."""
        actor = self.current
        if self._is_ending or actor is None:
            raise Ended
        actor.wakes = self.now + seconds
        chosen = self._choose()
        if chosen is actor:
            return
        self._go_on(chosen)
        actor.turn.acquire()
        if self._is_ending:
            raise Ended

    def fail(self, error: BaseException) -> NoReturn:
        """End all actors, from inside one: `run` raises the error."""
        self._error = error
        raise Ended

    def run(self) -> None:
        """Run until nobody has anything to do.

        Raises:
            BaseException: of an actor.
        """
        self._go_on(self._choose())
        self._is_over.acquire()
        self._is_ending = True
        for actor in [actor for actor in self._actors if actor.has_begun]:
            self.current = actor
            actor.turn.release()
            self._is_over.acquire()
        self._actors.clear()
        self._is_ending, self.current = False, None
        if self._error is not None:
            raise self._error

    def _choose(self) -> Actor | None:
        """Return who goes on; None if that is nobody, or an actor has failed."""
        if self._error is not None or not self._actors:
            return None
        self.steps += 1
        if self.steps > MOST_STEPS:
            names = ", ".join(actor.name for actor in self._actors)
            self._error = TimeoutError(f"{names} did not end in {MOST_STEPS} steps")
            return None
        self.now = max(self.now, min(actor.wakes for actor in self._actors))
        ready = [actor for actor in self._actors if actor.wakes <= self.now]
        return ready[self.choices.below(len(ready))] if ready[1:] else ready[0]

    def _go_on(self, actor: Actor | None) -> None:
        self.current = actor
        if actor is None:
            self._is_over.release()
        elif actor.has_begun:
            actor.turn.release()
        else:
            thread = _Thread.idle.pop() if _Thread.idle else _Thread()
            thread.job = self._work
            thread.go.release()

    def _work(self) -> None:
        """Do the work of the current actor, and of those that begin as soon as it has ended."""
        while True:
            actor = self.current
            assert actor is not None
            actor.has_begun = True
            try:
                actor.work()
            except Ended:
                pass
            except BaseException as error:
                self._error = self._error or error
            self._actors.remove(actor)
            chosen = None if self._is_ending else self._choose()
            if chosen is None or chosen.has_begun:
                self._go_on(chosen)
                return
            self.current = chosen
