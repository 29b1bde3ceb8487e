"""Separates a model's text part, and runs it by TensorFlow, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..documents.document import sha256_of
from ..documents.plain import from_plain
from ..documents.text import MOST_TABLES, TEXT_FILE, StepInput, TableFile, TextDescription, TextPart
from ..errors import reason_of
from ..runners.runner import RunError
from ..signatures import FixedSignature
from .cut import Cut, CutError, Emitter, cut
from .flat_graph import FlatGraph, NotFlatError
from .numeric import Numeric, save_numeric
from .samples import sample_calls
from .tables import kind_of, table_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from ..sandbox import Channel

    Arrays = dict[str, np.ndarray[Any, Any]]

#: Names in the leaf's directory: the SavedModel that takes numbers, and the directory of text.json and its tables.
NUMERIC, TEXT, PROBE = "numeric", "text", "probe"
PROBE_FILE = "probe.tflite"


def split(channel: Channel, directory: Path) -> None:
    """Leave the two parts of the signatures of the one request, and answer which of them cannot be separated."""
    for request in channel:
        asked = request.document
        signatures = from_plain(list[FixedSignature], asked["signatures"], "the signatures")
        names = [signature.name for signature in signatures]
        try:
            flat = FlatGraph(Path(asked["path"]), asked["tags"], names)
        except NotFlatError as error:
            lost = {signature.name: str(error) for signature in signatures if signature.spec.string_tensors}
            channel.answer({"refused": lost, "separated": False})
            return
        splitter = _Splitter(flat, directory / TEXT)
        refused: dict[str, str] = {}
        for signature in signatures:
            try:
                splitter.split(signature)
            except CutError as error:
                refused[signature.name] = str(error)
        if splitter.parts:
            splitter.write()
            save_numeric(flat, list(splitter.numeric.values()), directory / NUMERIC)
        channel.answer({"refused": refused, "separated": bool(splitter.parts)})


def encode(channel: Channel, _: Path) -> None:
    """Run the text part of a signature by TensorFlow: the first request has the model, the others rows."""
    flat: FlatGraph | None = None
    fed: dict[str, dict[str, Any]] = {}
    for request in channel:
        asked = request.document
        if flat is None:
            flat = FlatGraph(Path(asked["path"]), asked["tags"], asked["names"])
            for name in asked["names"]:
                fed[name] = _named(flat, name, cut(flat, name))
            channel.answer({})
            continue
        try:
            channel.answer({}, _run(flat, asked["signature"], fed[asked["signature"]], request.arrays))
        except RunError as error:
            channel.fail(error)


def _run(flat: FlatGraph, name: str, fed: Mapping[str, Any], arrays: Arrays) -> Arrays:
    import tensorflow as tf

    inputs = flat.signatures[name].inputs
    try:
        return dict(flat.session.run(dict(fed), {flat.tensor(inputs[key].name): arrays[key] for key in arrays}))
    except tf.errors.OpError as error:
        raise RunError(reason_of(error)) from error


def _named(flat: FlatGraph, name: str, parts: Cut) -> dict[str, Any]:
    """Return names for the inputs of the file: those of inputs that are fed as they are, and numbers for others."""
    own = {flat.tensor(info.name).ref(): key for key, info in flat.signatures[name].inputs.items()}
    named: dict[str, Any] = {}
    for tensor in parts.frontier:
        number = len(named)
        free = f"text_{number}"
        while free in own.values():
            free += "_"
        named[own.get(tensor.ref(), free)] = tensor
    return named


class _Splitter:
    def __init__(self, flat: FlatGraph, directory: Path) -> None:
        self._flat, self._directory = flat, directory
        self._tables: dict[Any, int] = {}
        self._files: list[TableFile] = []
        self.parts: dict[str, TextPart] = {}
        self.numeric: dict[str, Numeric] = {}

    def split(self, signature: FixedSignature) -> None:
        """Separate the text part of a signature, or leave the whole of it to LiteRT where it has none.

        Raises:
            CutError: It cannot be separated.
        """
        name = signature.name
        parts = cut(self._flat, name)
        named = _named(self._flat, name, parts)
        shapes, constant = self._shapes(signature, named)
        fed = [(key, tensor) for key, tensor in named.items() if key not in constant]
        self.numeric[name] = Numeric(
            name,
            {key: tensor.name.partition("/")[2] for key, tensor in fed},
            {key: (tensor.dtype.name, shapes[key]) for key, tensor in fed},
            {named[key].name.partition("/")[2]: value for key, value in constant.items()},
            has_text=bool(parts.operations),
        )
        if not parts.operations:
            if texts := [key for key, spec in signature.spec.inputs.items() if spec.dtype == "string"]:
                raise CutError(f"no output depends on its texts ({', '.join(map(repr, texts))})")
            return
        info = self._flat.signatures[name].inputs
        inputs = [
            (
                StepInput(name=key, dtype=signature.spec.inputs[key].dtype, shape=signature.shapes[key]),
                self._flat.tensor(info[key].name),
            )
            for key in signature.shapes
        ]
        self.parts[name] = Emitter(self._flat, self._table).part(parts, inputs, fed)

    def _shapes(self, signature: FixedSignature, named: Mapping[str, Any]) -> tuple[dict[str, list[int]], Arrays]:
        """Return the shapes that the file takes, and tensors that are the same for all rows.

        The same values of all rows, such as a shape, are no input: they become constants.
        """
        if not named:
            return {}, {}
        rows = [_run(self._flat, signature.name, named, call) for call in sample_calls(signature)]
        shapes: dict[str, list[int]] = {}
        constant: Arrays = {}
        problems = []
        for key, tensor in named.items():
            values = [row[key] for row in rows]
            static = tensor.shape.as_list() if tensor.shape.rank is not None else None
            is_row = signature.batched and (static is None or static[:1] == [None])
            if len({value.shape for value in values}) > 1:
                problems.append(tensor.op.type)
            elif not is_row and signature.batched and all((value == values[0]).all() for value in values):
                constant[key] = values[0]
            elif signature.batched and values[0].shape[:1] != (1,):
                problems.append(tensor.op.type)
            else:
                shapes[key] = list(values[0].shape)
        if problems:
            makers = ", ".join(sorted(set(problems)))
            raise CutError(
                f"it makes as many numbers of a text as it has words ({makers}); give the layer a length, as with "
                "TextVectorization(output_sequence_length=64)"
            )
        return shapes, constant

    def _table(self, handle: Any) -> int:
        import tensorflow as tf

        while handle.op.type == "Identity":
            handle = handle.op.inputs[0]
        if handle.ref() in self._tables:
            return self._tables[handle.ref()]
        node = handle.op
        kinds = []
        for attribute in ("key_dtype", "value_dtype"):
            kind = node.get_attr(attribute)
            if kind not in {tf.string, tf.int64}:
                raise CutError(f"it looks up {kind.name} in a table ({node.type})")
            kinds.append(kind)
        with self._flat.graph.as_default():
            exported = tf.raw_ops.LookupTableExportV2(table_handle=handle, Tkeys=kinds[0], Tvalues=kinds[1])
        columns = [
            value if kind is tf.int64 else list(value)
            for kind, value in zip(kinds, self._flat.session.run(exported), strict=True)
        ]
        number = len(self._files)
        if number == MOST_TABLES:
            raise CutError(f"it has more than {MOST_TABLES} tables")
        self._directory.mkdir(exist_ok=True)
        content = table_bytes(*_sorted(columns))
        file = f"text-{number}.table"
        (self._directory / file).write_bytes(content)
        self._files.append(
            TableFile(
                file=file,
                sha256=sha256_of(content),
                size=len(content),
                entries=len(columns[0]),
                key=kind_of(columns[0]),
                value=kind_of(columns[1]),
            )
        )
        self._tables[handle.ref()] = number
        return number

    def write(self) -> None:
        """Write text.json."""
        self._directory.mkdir(exist_ok=True)
        content = TextDescription(tables=self._files, signatures=self.parts).to_json()
        (self._directory / TEXT_FILE).write_text(content, encoding="utf-8")


def _sorted(columns: list[Any]) -> list[Any]:
    """Sort a table by its keys: TensorFlow exports them in any order, and equal models are equal files."""
    import numpy as np

    order = np.argsort(np.array(columns[0], object), kind="stable")
    return [
        column[order] if isinstance(column, np.ndarray) else [column[number] for number in order] for column in columns
    ]


def probe(channel: Channel, directory: Path) -> None:
    """Leave a .tflite file whose signatures answer each of their inputs twice, which no converter leaves out."""
    import tensorflow as tf

    from ..conversion import LiteRtMode, convert

    for request in channel:
        module, functions = tf.Module(), {}
        for name, inputs in request.document["signatures"].items():
            specs = {key: tf.TensorSpec(shape, dtype, name=key) for key, (dtype, shape) in inputs.items()}
            functions[name] = tf.function(_twice, autograph=False).get_concrete_function(**specs)
        saved = directory / "saved"
        tf.saved_model.save(module, str(saved), signatures=functions)
        (directory / PROBE).mkdir()
        (directory / PROBE / PROBE_FILE).write_bytes(convert(saved, LiteRtMode.FLOAT32, list(functions)))
        channel.answer({})


def _twice(**inputs: Any) -> dict[str, Any]:
    import tensorflow as tf

    numbers = {name: tf.cast(x, tf.int32) if x.dtype == tf.bool else x for name, x in inputs.items()}
    return {f"{name}_twice": tf.stack([x, x], axis=1 if x.shape.rank else 0) for name, x in numbers.items()}
