"""Asks a leaf to describe a model, and believes of its answer only what can be."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..documents.plain import from_plain, to_plain
from ..errors import BadInputError, OptimizerError
from .description import Description, SavedModelDescription, TfliteDescription
from .detect import SAVED_MODEL_FILES
from .plain_files import first_link

if TYPE_CHECKING:
    from ..documents.job import Source
    from ..sandbox import Leaf
    from ..signatures import SignatureSpec

#: Function that a leaf runs to describe a model.
TASK = "tensorflow_optimizer.sources.leaf:describe"
_VARIABLES = re.compile(r"variables/variables\.(index|data-\d{5}-of-\d{5})")


def ask(leaf: Leaf, path: Path, source: Source, *, checksums: bool = True) -> SavedModelDescription | TfliteDescription:
    """Return what a leaf says of the model at `path`.

    Raises:
        BadInputError: It is damaged, or has names that would write lines of their own into a log.
        UnsupportedError: It cannot be served.
        OptimizerError: The leaf says what cannot be.
    """
    answer = leaf.ask({"path": str(path), "source": to_plain(type(source), source), "checksums": checksums})
    said: SavedModelDescription | TfliteDescription
    said = from_plain(Description, answer.document.get("model"), "the model")
    specs: list[SignatureSpec] = (
        list(said.signatures.values())
        if isinstance(said, TfliteDescription)
        else [signature.spec for signature in said.signatures.values()]
    )
    names = [*said.signatures, *(name for spec in specs for name in (*spec.inputs, *spec.outputs))]
    odd = next((name for name in names if not name.isprintable()), None)
    if odd is not None:
        raise BadInputError(f"the model has an input, output or signature named {odd!r}; export it with another name")
    if not said.signatures or any(name != spec.name for name, spec in zip(said.signatures, specs, strict=True)):
        raise OptimizerError("the process that opened the model described no signatures; start the job again")
    return said


def check_files(said: SavedModelDescription, directory: Path) -> None:
    """Refuse a description that names files which are none of a SavedModel's.

    Raises:
        OptimizerError: It does.
    """
    for name in said.files:
        parts = PurePosixPath(name).parts
        known = name in SAVED_MODEL_FILES or _VARIABLES.fullmatch(name) or parts[:1] == ("assets",)
        if not known or ".." in parts or first_link(directory, name) or not (directory / name).is_file():
            raise OptimizerError(f"the process that opened the model read {name!r}, which is no file of a SavedModel")
