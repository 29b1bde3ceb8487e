"""Asks a version that takes text or categories: the native program alone knows their steps."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..documents.draft import LITERT_FILE, MODEL_DIRECTORY
from ..documents.text import TABLE_PATTERN, TEXT_FILE
from ..errors import RunError
from ..prediction.rest import arrays_of, body_of, parse_answer
from ..proof.choose_runtime import describe_model, litert_library
from ..proof.native_program import PROGRAM_VARIABLE, RefusedError, find_program, native_program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..documents.draft import Draft
    from ..runners.runner import Array, Arrays
    from ..sandbox import Sandbox
    from ..signatures import SignatureSpec


class TextVersionRunner:
    """A version in the native program, in a leaf of its own."""

    def __init__(self, sandbox: Sandbox, output: Path, draft: Draft, specs: Mapping[str, SignatureSpec]) -> None:
        """Start the program.

        Args:
            sandbox: Starts the leaf.
            output: The directory that `optimize` wrote.
            draft: Its draft.
            specs: The signatures as clients see them.

        Raises:
            RunError: There is no program, or it does not start.
        """
        program = find_program()
        if program is None:
            raise RunError(
                "the native program was not found, and nothing else takes text or categories; it runs on Linux, and "
                f"{PROGRAM_VARIABLE} can name it"
            )
        directory = output / MODEL_DIRECTORY
        text = {path.name: path for path in [directory / TEXT_FILE, *sorted(directory.glob(TABLE_PATTERN))]}
        description = describe_model(draft.model, draft.signatures, text=text)
        beside = {name: path.read_bytes() for name, path in text.items()}
        content = (directory / LITERT_FILE).read_bytes()
        self._specs = specs
        with ExitStack() as started:
            native = started.enter_context(
                native_program(sandbox, program, litert_library(), content, description, beside)
            )
            try:
                self._function = started.enter_context(native.running())
            except RefusedError as error:
                raise RunError(str(error)) from error
            self._started = started.pop_all()

    def run(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        """Call a signature once.

        Raises:
            RunError: The program does not compute these inputs.
        """
        try:
            answer = parse_answer(self._function.ask(body_of(signature, inputs)))
        except RefusedError as error:
            raise RunError(str(error)) from error
        return arrays_of(answer, self._specs[signature].outputs)

    def close(self) -> None:
        """End the program."""
        self._started.close()
