"""Takes the SavedModels that leaves make: another leaf describes each before anything loads or publishes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.job import Identity, Packaging, Source
from ..errors import BadInputError, OptimizerError, UnsupportedError
from ..processes.plain_text import one_line
from ..sandbox import Wanted
from .ask import TASK, ask, check_files
from .description import SavedModelDescription
from .detect import SourceKind
from .opened import FINGERPRINT
from .plain_files import files_below

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..sandbox import Leaf, Sandbox


class DamagedError(OptimizerError):
    """The model that a leaf made is not whole."""


def take_saved_model(sandbox: Sandbox, leaf: Leaf, name: str, destination: Path, allowed: Sequence[str]) -> None:
    """End a leaf, and take the SavedModel that it made: one graph for servers, with the files that the graph names.

    Args:
        sandbox: Where it is described.
        leaf: Has made it, and might have run what a stranger wrote.
        name: Of the directory that the leaf left.
        destination: Does not exist yet.
        allowed: Operations that the model may have although they act on more than it.

    Raises:
        DamagedError: It is not whole: TensorFlow cannot make this of the model.
        OptimizerError: It is another model than the optimizer makes.
    """
    leaf.end()
    leaf.take(Wanted.saved_model(name), destination)
    try:
        describe_made(sandbox, destination, allowed)
    except BadInputError as error:
        # The way out in the sentence is that of whoever gave a damaged model.
        what = str(error).partition(";")[0]
        raise DamagedError(f"what TensorFlow made of the model is not whole: {what}") from error
    except UnsupportedError as error:
        raise OptimizerError(f"what the process made of the model is refused: {error}") from error


def describe_made(sandbox: Sandbox, directory: Path, allowed: Sequence[str]) -> SavedModelDescription:
    """Describe a SavedModel that was taken, in a leaf that has seen nothing else.

    Raises:
        OptimizerError: It has other files than its graph names, or other graphs than one for servers.
        BadInputError: It is damaged.
        UnsupportedError: It has operations that act on more than the model and are not allowed.
    """
    source = Source(packaging=Packaging.ZIP, identity=Identity(), allowed_operations=list(allowed))
    with sandbox.leaf(TASK, read=[directory]) as leaf:
        said = ask(leaf, directory, source)
    if not isinstance(said, SavedModelDescription) or said.kind is not SourceKind.SAVED_MODEL or said.path:
        raise OptimizerError("the process that made the model left no SavedModel")
    check_files(said, directory)
    if said.graphs != 1:
        raise OptimizerError(f"the process that made the model left {said.graphs} graphs; the optimizer makes one")
    others = [name for name in files_below(directory) if name not in (*said.files, FINGERPRINT)]
    if others:
        raise OptimizerError(
            f"the process that made the model left {one_line(others[0], 200)}, which its graph does not name; optimize "
            "only models that you trust"
        )
    return said
