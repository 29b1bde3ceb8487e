"""Asks a leaf that has loaded a model, and believes of its answers what the signatures allow."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..documents.manifest import Signature
from ..documents.plain import from_plain, to_plain
from ..errors import OptimizerError
from ..signatures import SignatureSpec
from .leaf import READY, THREADS
from .runner import Elapsed, RunError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from ..sandbox import Answer, Sandbox
    from .runner import Array, Arrays

_TASK = "tensorflow_optimizer.runners.leaf:answer"

_Shape = tuple[int | None, ...] | None


class RemoteRunner:
    """A model that a leaf has loaded from a file or directory, which it cannot change."""

    def __init__(
        self, sandbox: Sandbox, path: Path, request: dict[str, Any], *, environment: Mapping[str, str] | None = None
    ) -> None:
        self.path = path.absolute()
        self._sandbox, self._request, self._environment = sandbox, request, environment
        self._rests = False
        self.described: Any = self._load()

    def _load(self) -> Any:
        """Load the model in a leaf, and return what that says of its signatures."""
        self._leaf = self._sandbox.leaf(_TASK, read=[self.path], environment=self._environment)
        try:
            self._leaf.ask({READY: True})
            start = time.perf_counter()
            described = self._leaf.ask({**self._request, "path": str(self.path)}).document.get("signatures")
            #: Time from the request to the description, by the judge's clock.
            self.load_milliseconds = (time.perf_counter() - start) * 1000.0
        except BaseException:
            self.close()
            raise
        return described

    def run(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        """Call a signature once.

        Raises:
            RunError: The model does not compute these inputs, or its answer is none of this signature.
        """
        return self._run(signature, inputs, 1)

    def elapsed(self, signature: str, inputs: Mapping[str, Array], times: int) -> Elapsed:
        """Return what `times` calls take altogether, with what it takes to ask; 0 calls: that alone."""
        return self._elapsed(signature, inputs, times, 1)

    @property
    def traces_of_others(self) -> tuple[int, ...] | None:
        """Numbers that change when the leaf starts another process; None where the system does not tell."""
        if self._rests:
            self.restart()
        return self._leaf.traces_of_others

    def restart(self) -> None:
        """End the leaf, and load the model in a fresh one.

        Raises:
            OptimizerError: It is described otherwise than before.
        """
        self.close()
        self._rests = False
        if self._load() != self.described:
            self.close()
            raise OptimizerError("the process that loaded the model again describes it otherwise than the first one")

    def rest(self) -> None:
        """End the leaf until somebody asks again, which loads the model in a fresh one."""
        self.close()
        self._rests = True

    def close(self) -> None:
        """End the leaf."""
        self._leaf.end()

    def _ask(self, document: dict[str, Any], inputs: Arrays | None = None) -> Answer:
        if self._rests:
            self.restart()
        return self._leaf.ask(document, inputs)

    def peak_mebibytes(self) -> float | None:
        """Return the leaf's peak resident memory, as its parent reads it."""
        return self._leaf.peak_mebibytes

    def _run(self, signature: str, inputs: Mapping[str, Array], threads: int) -> Arrays:
        answer = self._ask({"signature": signature, THREADS: threads}, dict(inputs)).arrays
        expected = self._expected(signature, _rows(inputs))
        if answer.keys() != expected.keys():
            raise RunError(
                f"the signature {signature!r} has the outputs {_listed(expected)}, "
                f"and the model answered {_listed(answer)}"
            )
        for name, (dtype, shape) in expected.items():
            check_output(name, answer[name], dtype, shape)
        return {name: answer[name] for name in expected}

    def _elapsed(self, signature: str, inputs: Mapping[str, Array], times: int, threads: int) -> Elapsed:
        if self._rests:
            self.restart()
        before, start = self._leaf.computed_seconds, time.perf_counter()
        self._leaf.ask({"signature": signature, THREADS: threads, "times": times}, dict(inputs))
        wall, after = time.perf_counter() - start, self._leaf.computed_seconds
        return Elapsed(wall, None if before is None or after is None else after - before)

    def _expected(self, signature: str, rows: int) -> dict[str, tuple[str, _Shape]]:
        """Return the types and shapes of the outputs for inputs with so many rows."""
        raise NotImplementedError


class RemoteSavedModel(RemoteRunner):
    """A SavedModel in a session of a leaf."""

    def __init__(  # noqa: PLR0913 - one fact each
        self,
        sandbox: Sandbox,
        directory: Path,
        tags: list[str],
        names: Collection[str] | None = None,
        *,
        reset_state: bool = False,
        saved_by: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Load the model in a leaf.

        Args:
            sandbox: Where leaves are.
            directory: The SavedModel.
            tags: Of its graph.
            names: Of the signatures to call; None: all.
            reset_state: Put the variables back before each call.
            saved_by: The version of TensorFlow that saved it, for the error if it cannot be loaded.
            environment: Variables for a leaf that is a process of its own from the start; None: it is a copy of one
                that has TensorFlow already.

        Raises:
            OptimizerError: TensorFlow cannot load it.
        """
        request = {
            "kind": "saved_model",
            "tags": tags,
            "names": None if names is None else list(names),
            "resetState": reset_state,
            "savedBy": saved_by,
        }
        super().__init__(sandbox, directory, request, environment=environment)
        self.specs: dict[str, SignatureSpec] = from_plain(dict[str, SignatureSpec], self.described, "its signatures")
        if names is not None and self.specs.keys() != set(names):
            self.close()
            raise OptimizerError("the process that loaded the model has other signatures than it was asked for")

    def _expected(self, signature: str, rows: int) -> dict[str, tuple[str, _Shape]]:  # noqa: ARG002 - a graph may answer one thing for all rows
        return {name: (tensor.dtype, tensor.shape) for name, tensor in self.specs[signature].outputs.items()}


@dataclass(frozen=True)
class Undescribed:
    """A .tflite file that the leaf describes as model.json will."""

    batched: dict[str, bool]
    """Names of the signatures to describe; true: dimension 0 of their inputs and outputs is the batch."""
    method_names: dict[str, str] = field(default_factory=dict)
    file_signatures: dict[str, str] = field(default_factory=dict)
    """Names in the file of those that have another one there."""
    unknown_batch: bool = False
    """The file may leave the batch open."""


class RemoteLiteRt(RemoteRunner):
    """A .tflite file in LiteRT's reference interpreter, in a leaf."""

    def __init__(
        self, sandbox: Sandbox, file: Path, signatures: dict[str, Signature] | Undescribed, *, reset_state: bool = False
    ) -> None:
        """Load the file in a leaf.

        Args:
            sandbox: Where leaves are.
            file: The .tflite file.
            signatures: Their descriptions, or what is known before the file is opened.
            reset_state: Every call starts from the initial state.

        Raises:
            RunError: LiteRT cannot load it.
            UnsupportedError: An output has no fixed shape.
        """
        request: dict[str, Any] = {"kind": "litert", "resetState": reset_state, "signatures": None}
        if isinstance(signatures, Undescribed):
            names = list(signatures.batched)
            request |= {
                "batched": signatures.batched,
                "methodNames": signatures.method_names,
                "fileSignatures": signatures.file_signatures,
                "unknownBatch": signatures.unknown_batch,
            }
        else:
            names = list(signatures)
            request["signatures"] = to_plain(dict[str, Signature], signatures)
        super().__init__(sandbox, file, request)
        self.signatures: dict[str, Signature] = from_plain(dict[str, Signature], self.described, "its signatures")
        if list(self.signatures) != names:
            self.close()
            raise OptimizerError("the process that loaded the model has other signatures than it was asked for")

    @property
    def content(self) -> bytes:
        """The .tflite file."""
        return self.path.read_bytes()

    def with_threads(self, threads: int) -> OnThreads:
        """Return the same model on another number of threads."""
        return OnThreads(self, threads)

    def on_threads(self, threads: int, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        """Call a signature on a number of threads."""
        return self._run(signature, inputs, threads)

    def elapsed_on_threads(self, threads: int, signature: str, inputs: Mapping[str, Array], times: int) -> Elapsed:
        """Return what calls on a number of threads take."""
        return self._elapsed(signature, inputs, times, threads)

    def drop_threads(self, threads: int) -> None:
        """Free the interpreter with a number of threads."""
        self._ask({THREADS: threads, "close": True})

    def _expected(self, signature: str, rows: int) -> dict[str, tuple[str, _Shape]]:
        described = self.signatures[signature]
        return {
            name: (tensor.dtype, (rows, *tensor.shape[1:]) if described.batched else tuple(tensor.shape))
            for name, tensor in described.outputs.items()
        }


@dataclass(frozen=True)
class OnThreads:
    """A loaded .tflite file on another number of threads."""

    model: RemoteLiteRt
    threads: int

    def run(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        """Call a signature once."""
        return self.model.on_threads(self.threads, signature, inputs)

    def elapsed(self, signature: str, inputs: Mapping[str, Array], times: int) -> Elapsed:
        """Return what calls take, and asking."""
        return self.model.elapsed_on_threads(self.threads, signature, inputs, times)

    @property
    def traces_of_others(self) -> tuple[int, ...] | None:
        """Numbers that change when the leaf starts another process; None where the system does not tell."""
        return self.model.traces_of_others

    def restart(self) -> None:
        """Load the model in a fresh leaf."""
        self.model.restart()

    def close(self) -> None:
        """Free its interpreter."""
        self.model.drop_threads(self.threads)


def _rows(inputs: Mapping[str, Array]) -> int:
    first = next(iter(inputs.values()), None)
    return len(first) if first is not None and first.ndim else 1


def check_output(name: str, value: Array, dtype: str, shape: _Shape) -> None:
    """Refuse an answer of another type or shape than its signature says.

    Raises:
        RunError: It is such an answer.
    """
    answered = "string" if value.dtype.kind == "O" else value.dtype.name
    fits = shape is None or (
        len(shape) == value.ndim and all(size in {None, -1, own} for size, own in zip(shape, value.shape, strict=True))
    )
    if answered != dtype or not fits:
        stated = "of any shape" if shape is None else list(shape)
        raise RunError(f"its output {name!r} is {answered}{list(value.shape)}, and its signature says {dtype}{stated}")


def _listed(names: Collection[str]) -> str:
    return ", ".join(map(repr, list(names)[:8])) or "none"
