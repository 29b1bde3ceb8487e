"""Separates a model's text part: a leaf makes the two parts, and what it left is read as a stranger's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..documents.document import problems_of, sha256_of
from ..documents.plain import from_plain, to_plain
from ..documents.text import MOST_BYTES, TABLE_PATTERN, TEXT_FILE, TextDescription
from ..errors import OptimizerError, UnsupportedError
from ..hints import Hint
from ..sandbox import Wanted
from ..signatures import FixedSignature, Selection
from ..sources import SavedModelSource, take_saved_model
from ..sources.made import describe_made
from .leaf import NUMERIC, TEXT
from .operations import check_attributes, is_lacking
from .runner import Encoder
from .tables import check_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..data import Dataset
    from ..documents.manifest import Signature
    from ..processes.progress import Progress
    from ..sandbox import Sandbox

_SPLIT = "tensorflow_optimizer.text.leaf:split"
_MOST_TABLE_BYTES = 4 << 30
_WAY_OUT = "serve the model with TensorFlow Serving"


@dataclass(frozen=True)
class SplitModel:
    """A model in two parts: steps on text and categories, and a SavedModel that takes their numbers."""

    description: TextDescription
    directory: Path
    """Has text.json and the tables, and nothing else."""
    numeric: SavedModelSource
    selection: Selection
    """The signatures of the numeric part."""
    clients: dict[str, FixedSignature]
    """The signatures as clients call them."""
    encoder: Encoder

    @property
    def files(self) -> dict[str, Path]:
        """The files to publish beside the model, by name."""
        return {name: self.directory / name for name in [TEXT_FILE, *(table.file for table in self.description.tables)]}

    @property
    def size_bytes(self) -> int:
        """Size of the files."""
        return sum(path.stat().st_size for path in self.files.values())

    def encoded(self, dataset: Dataset) -> Dataset:
        """Return the samples of the default signature as its numeric part takes them."""
        name = self.selection.default
        if name not in self.description.signatures or not dataset.inputs or not dataset.count:
            return dataset
        return replace(dataset, inputs=self.encoder.encode_all(name, dataset))

    def described(self, signatures: Mapping[str, Signature]) -> dict[str, Signature]:
        """Return descriptions for clients, of those of the .tflite file.

        Args:
            signatures: Of the file.
        """
        return {
            name: self._described(name, signature) if name in self.description.signatures else signature
            for name, signature in signatures.items()
        }

    def _described(self, name: str, signature: Signature) -> Signature:
        from ..documents.manifest import Tensor

        client = self.clients[name]
        inputs = {
            key: Tensor(
                dtype=client.spec.inputs[key].dtype,
                shape=[-1, *shape[1:]] if client.batched else shape,
            )
            for key, shape in client.shapes.items()
        }
        return signature.model_copy(update={"inputs": inputs, "file_inputs": signature.inputs})


def needs_split(source: SavedModelSource, selection: Selection) -> bool:
    """Say whether LiteRT lacks an operation of a selected signature that a text part may have."""
    return any(
        signature.spec.string_tensors or any(map(is_lacking, source.signatures[name].operators))
        for name, signature in selection.signatures.items()
    )


def split_model(  # noqa: PLR0913, PLR0917 - one fact each
    sandbox: Sandbox,
    source: SavedModelSource,
    selection: Selection,
    allowed: list[str],
    work: Path,
    progress: Progress,
) -> tuple[SplitModel | None, Selection]:
    """Separate the text part of a model's signatures.

    Args:
        sandbox: Where the model is opened.
        source: The model.
        selection: The signatures to publish.
        allowed: Operations that the model may have although they act on more than it.
        work: A directory for the parts.
        progress: Receives a warning for each signature that is left out.

    Returns:
        The parts, or None if no signature has a text part; and the signatures that can be published.

    Raises:
        UnsupportedError: The default signature cannot be separated.
    """
    request = {
        "path": str(source.directory),
        "tags": source.tags,
        "signatures": to_plain(list[FixedSignature], list(selection.signatures.values())),
    }
    with sandbox.leaf(_SPLIT, read=[source.directory], progress=progress) as leaf:
        said = leaf.ask(request).document
        refused = from_plain(dict[str, str], said.get("refused"), "signatures without a text part")
        _refuse(refused, selection, progress)
        clients = {name: signature for name, signature in selection.signatures.items() if name not in refused}
        if not said.get("separated"):
            return None, replace(selection, signatures=clients)
        take_saved_model(sandbox, leaf, NUMERIC, work / NUMERIC, allowed)
        leaf.take(Wanted(TEXT, (TEXT_FILE, TABLE_PATTERN), (TEXT_FILE,), _MOST_TABLE_BYTES), work / TEXT)
    made = describe_made(sandbox, work / NUMERIC, allowed)
    numeric = replace(
        source,
        size_bytes=sum((work / NUMERIC / name).stat().st_size for name in made.files),
        tags=["serve"],
        directory=work / NUMERIC,
        signatures=made.signatures,
        names=made.files,
        version_1=made.version_1,
        has_tables=made.has_tables,
    )
    description = read_text(work / TEXT)
    fixed = {name: _fixed(name, signature, numeric, description) for name, signature in clients.items()}
    encoder = Encoder(sandbox, source, list(clients), {name: entry.shapes for name, entry in fixed.items()})
    parts = SplitModel(description, work / TEXT, numeric, Selection(selection.default, fixed, []), clients, encoder)
    return parts, replace(selection, signatures=clients)


def _refuse(refused: dict[str, str], selection: Selection, progress: Progress) -> None:
    if problem := refused.get(selection.default):
        usable = [name for name in selection.signatures if name not in refused]
        other = f"give another signature to publish ({', '.join(map(repr, usable))}), or " if usable else ""
        raise UnsupportedError(
            f"the signature {selection.default!r} computes on text or categories, and this part of it cannot be "
            f"separated from its numbers: {problem[:1000]}; {other}{_WAY_OUT}",
            *([Hint.SIGNATURE] if usable else []),
            Hint.TENSORFLOW_SERVING,
        )
    for name, problem in refused.items():
        progress.warn(f"the signature {name!r} is left out, since its text part cannot be separated: {problem[:300]}")


def _fixed(
    name: str, client: FixedSignature, numeric: SavedModelSource, description: TextDescription
) -> FixedSignature:
    """Return a signature of the numeric part with the shapes that the steps make.

    Raises:
        OptimizerError: The parts do not fit together.
    """
    found = numeric.signatures.get(name)
    part = description.signatures.get(name)
    if found is None or found.spec.string_tensors:
        raise OptimizerError(f"the process that separated the text part left no signature {name!r} of numbers")
    if part is not None:
        if {entry.input for entry in part.fed} != found.spec.inputs.keys():
            raise OptimizerError(f"the text part feeds other inputs than the signature {name!r} has")
        declared = {key: (client.spec.inputs[key].dtype, shape) for key, shape in client.shapes.items()}
        if {entry.name: (entry.dtype, entry.shape) for entry in part.inputs} != declared:
            raise OptimizerError(f"the text part takes other inputs than the signature {name!r} has")
    shapes: dict[str, list[int]] = {}
    for key, tensor in found.spec.inputs.items():
        sizes = [1 if size is None and position == 0 else size for position, size in enumerate(tensor.shape or ())]
        known = [size for size in sizes if size is not None]
        if len(known) != len(sizes):
            raise OptimizerError(f"the input {key!r} of the part that takes numbers has no fixed shape")
        shapes[key] = known
    return FixedSignature(found.spec, client.batched, shapes)


def read_text(directory: Path) -> TextDescription:
    """Read text.json and check the tables beside it.

    Raises:
        OptimizerError: One of them is not what the optimizer writes.
    """
    content = (directory / TEXT_FILE).read_bytes()
    if len(content) > MOST_BYTES:
        raise UnsupportedError(f"{TEXT_FILE} has {len(content):,} bytes, and may have {MOST_BYTES:,}; {_WAY_OUT}")
    try:
        description = TextDescription.model_validate_json(content)
    except ValidationError as error:
        raise OptimizerError(f"{TEXT_FILE} is not what the optimizer writes ({problems_of(error)[:300]})") from error
    for step in (step for part in description.signatures.values() for step in part.steps):
        if not check_attributes(step.operation, step.attributes):
            raise OptimizerError(f"{TEXT_FILE} has the step {step.operation} with other attributes than it takes")
        table: Any = step.attributes.get("table")
        if table is not None and not (isinstance(table, int) and 0 <= table < len(description.tables)):
            raise OptimizerError(f"{TEXT_FILE} names a table that it does not have")
    files = {table.file: table for table in description.tables}
    left = {path.name for path in directory.iterdir()} - {TEXT_FILE}
    if len(files) != len(description.tables) or left != files.keys():
        raise OptimizerError(f"{TEXT_FILE} names other tables than there are")
    for name, table in files.items():
        file = (directory / name).read_bytes()
        if len(file) != table.size or sha256_of(file) != table.sha256:
            raise OptimizerError(f"{name} is another file than {TEXT_FILE} names")
        check_table(file, table.entries, table.key, table.value)
    return description
