"""Starts a job's leaves: each with a directory, and as root a user, of its own."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..errors import OptimizerError
from .layers import LAYERS, ON
from .leaf import JudgeEnds, Leaf
from .limits import Limits
from .messages import Messages
from .removal import remove_tree
from .start import why_refused
from .streams import FrameStream, enlarge
from .user import ALLOW_ROOT, LeafUser, closed, unreadable
from .zygote_process import PRELOADED, Zygote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from ..processes.progress import Progress


class Sandbox:
    """Starts the processes that open models. One for each job; a context manager."""

    def __init__(
        self,
        directory: Path | None = None,
        *,
        zygote: Zygote | None = None,
        preloaded: Sequence[str] = PRELOADED,
        allow_root: bool | None = None,
    ) -> None:
        """Prepare a directory, and start a zygote unless one is given.

        Args:
            directory: Below which leaves have their directories; None: that of temporary files.
            zygote: Of others, which stays open.
            preloaded: Modules that leaves have imported when they start, unless a zygote is given.
            allow_root: Whether a leaf of root that cannot have a user of its own may run as root; None: as the variable
                TENSORFLOW_OPTIMIZER_ALLOW_ROOT says.
        """
        self._allow_root = os.environ.get(ALLOW_ROOT) == "1" if allow_root is None else allow_root
        self._directory = Path(tempfile.mkdtemp(prefix="optimizer-leaves-", dir=directory))
        self._directory.chmod(0o711)
        self._zygote = zygote or Zygote(preloaded)
        self._own_zygote = self._zygote if zygote is None else None
        self._leaves: list[Leaf] = []
        self._starting = threading.Lock()
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def layers(self) -> dict[str, str]:
        """The state of each layer: `on` if it was for every leaf that has answered, or `off` with the first reason."""
        each = [leaf.layers for leaf in self._leaves if leaf.layers]
        states = {name: [layers[name] for layers in each if name in layers] for name in LAYERS}
        return {name: next((state for state in given if state != ON), ON) for name, given in states.items() if given}

    def leaf(  # noqa: PLR0913 - what a process can be given
        self,
        task: str,
        *,
        read: Iterable[Path] = (),
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
        loopback: bool = False,
        standard_input: Path | None = None,
        progress: Progress | None = None,
        subject: str = "model",
    ) -> Leaf:
        """Start a leaf; from several threads, as many at a time as the judge likes.

        Args:
            task: Of the form `tensorflow_optimizer.room.module:function`: a function of a Channel and a directory.
            read: Files and directories that it may read, beside the optimizer's own and the system's.
            limits: What it may use; None: the default.
            environment: Variables that TensorFlow reads when it starts. The leaf is then a new process, and imports it.
            loopback: Whether it may open sockets, to try a server. Without, there is no network in any state.
            standard_input: A file that it reads as its standard input, though it may not open it by its path.
            progress: Receives its messages and warnings; None: they go to the log.
            subject: Noun for what it opens, in the errors about its end.

        Raises:
            OptimizerError: It would run as root, or there is no user left.
            OSError: The file for its standard input cannot be opened.
        """
        paths = [path.resolve() for path in read]
        paths += [target for path in paths for target in _targets(path)]
        why_same_user = self._why_same_user(paths)
        directory = self._new_directory()
        user = None if why_same_user else LeafUser()
        if user is not None:
            try:
                os.chown(directory, user.number, user.number)
            except OSError as error:  # a container without the capability
                user.release()
                user, why_same_user = None, self._unless_root(str(error))
        number = None if user is None else user.number
        resolved = (limits or Limits()).resolved(directory)
        started = {
            "user": number,
            "directory": str(directory),
            "limits": asdict(resolved),
            "environment": None if environment is None and self._zygote.forks else dict(environment or {}),
        }
        ends = self._started(started, user, standard_input)
        leaf = Leaf(directory, ends, user, Messages(progress), subject)
        self._leaves.append(leaf)
        leaf.begin(
            {
                "task": task,
                "directory": str(directory),
                "read": [str(path) for path in (*self._zygote.readable, *paths)],
                "user": number,
                "why_same_user": why_same_user,
                "allow_root": self._allow_root,
                "loopback": loopback,
                "threads": None if user is None else resolved.threads,
            }
        )
        return leaf

    def close(self) -> None:
        """End every leaf, and the zygote unless it is of others. The second time does nothing."""
        with ExitStack() as stack:
            stack.callback(remove_tree, self._directory)
            if self._own_zygote is not None:
                stack.callback(self._own_zygote.close)
            for leaf in self._leaves:
                stack.callback(leaf.close)

    def _new_directory(self) -> Path:
        with self._starting:
            self._number += 1
            directory = self._directory / str(self._number)
        directory.mkdir(mode=0o700)
        return directory

    def _started(self, content: dict[str, Any], user: LeafUser | None, standard_input: Path | None) -> JudgeEnds:
        given = {} if user is None else {"lock": user.lock}
        if standard_input is not None:
            try:
                given["input"] = os.open(standard_input, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                if user is not None:
                    user.release()
                raise
        given["reading"], asking = os.pipe()
        answers, given["writing"] = os.pipe()
        errors, given["errors"] = os.pipe()
        life, theirs = socket.socketpair()
        given["life"] = theirs.fileno()
        for descriptor in (asking, given["writing"]):
            enlarge(descriptor)
        for descriptor in (asking, answers):
            os.set_blocking(descriptor, False)
        with theirs, suppress(OSError):  # the first request says that there is no zygote any more
            self._zygote.start(content, given)
        for name in given.keys() - {"lock", "life"}:
            os.close(given[name])
        return JudgeEnds(FrameStream(answers, asking), life, errors)

    def _why_same_user(self, paths: list[Path]) -> str:
        """Return why a leaf keeps its user; empty if it gets one of its own.

        Raises:
            OptimizerError: It would be root.
        """
        why = self._zygote.why_same_user
        if not why:
            unreadable_path = closed(self._directory.parent) or unreadable(paths)
            why = f"other users cannot read {unreadable_path}" if unreadable_path else ""
        return self._unless_root(why)

    def _unless_root(self, why: str) -> str:
        if why and hasattr(os, "geteuid") and os.geteuid() == 0 and not self._allow_root:
            raise OptimizerError(why_refused(f"off: {why}"))
        return why


def _targets(tree: Path) -> Iterator[Path]:
    """Return the files that links of a directory lead to, as in the cache of a hub: beside it or one level higher.

    A model with a link to other files of its user does not get them.
    """
    for link in tree.rglob("*"):
        if link.is_symlink() and (target := link.resolve()).is_file():
            near = next((parent for parent in (tree, *tree.parents[:2]) if target.is_relative_to(parent)), None)
            if near is not None and not any(part.startswith(".") for part in target.relative_to(near).parts):
                yield target
