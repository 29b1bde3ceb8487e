"""Knows the operations on files that every ordinary SavedModel has: its saver, and tables filled from its own assets.

Free is what cannot reach another file, whoever wrote the graph: the file's name must come from what the loader gives,
and nothing but the loader may run the operation, because only it gives that name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .assets import assets_of, is_inside
from .messages import message
from .scopes import MAIN, Asset, Place, Scopes, UnknownOriginError, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The inputs that name files; True: a shard beside the given file will do.
_SAVER_INPUTS: dict[str, dict[int, bool]] = {
    "MergeV2Checkpoints": {0: True, 1: False},
    "Restore": {0: False},
    "RestoreSlice": {0: False},
    "RestoreV2": {0: False},
    "Save": {0: True},
    "SaveSlices": {0: True},
    "SaveV2": {0: True},
}
_TABLE_INPUTS = {"InitializeTableFromTextFile": 1, "InitializeTableFromTextFileV2": 1}

#: Endings that a saver appends to a given name: `.part`, `_temp/part`, `_temp_0123456789abcdef/part`.
_SUFFIX = re.compile(r"\.part|_temp(_[0-9a-f]+)?/part")
#: The name in place of one that is given: `model`.
_BARE_NAME = re.compile(r"[\w-]*", re.ASCII)
_GIVEN = ("Placeholder", "PlaceholderWithDefault", "Const")
#: Loaders give the paths of the assets whenever they run these.
_INIT_COLLECTIONS = ("legacy_init_op", "saved_model_main_op", "table_initializer")
_INIT_SIGNATURE = "__saved_model_init_op"
_SAVERS = "savers"
_USES_OF_A_PATH = ("AssignVariableOp", "ReadVariableOp", "VarIsInitializedOp")
#: Operations that reach a variable by other ways than its own node.
_OTHER_HANDLES = ("_VarHandlesOp", "_XlaAotOnlyVarHandleOp")
_RESOURCE = 20
"""DT_RESOURCE."""
_DEEPEST = 50


class FreeOperations:
    """The saver and the table initializers of a MetaGraphDef."""

    def __init__(self, meta_graph: Any, scopes: Scopes) -> None:
        self._meta_graph = meta_graph
        self._scopes = scopes
        self._assets = assets_of(meta_graph)
        self._savers = [meta_graph.saver_def, *_savers_in(meta_graph)]

    def has(self, place: Place) -> bool:
        """Say whether an operation is part of the saver, or fills a table from an asset."""
        if self._scopes.ambiguous:
            return False
        try:
            if place.node.op in _SAVER_INPUTS:
                return self._is_saver(place)
            return place.node.op in _TABLE_INPUTS and self._is_table(place)
        except UnknownOriginError:
            return False

    def _is_saver(self, place: Place) -> bool:
        """Say whether a saver's file name is given, and nothing but the saver runs the operation."""
        if place.scope != MAIN and self._scopes.is_object(place.scope):
            return False
        given = {
            self._given(place.scope, _input(place.node, index), shard, _DEEPEST)
            for index, shard in _SAVER_INPUTS[place.node.op].items()
        }
        runs = self._runs(place)
        if len(given) != 1 or not runs:
            return False
        dependent = self._scopes.consumers(runs)
        for saver in self._savers:
            reached = self._scopes.reached([saver.save_tensor_name, saver.restore_op_name])
            if any((MAIN, name) in reached for name in runs) and _node(saver.filename_tensor_name) not in given:
                return False
        named = self._answers(initializer=True) | self._answers(initializer=False)
        return not dependent & (named | set(self._collected()))

    def _given(self, scope: str, tensor: str, shard: bool, depth: int) -> str:
        """Return the node that a loader puts a file's name in the place of.

        Args:
            scope: A function, or the main graph.
            tensor: The name of a file.
            shard: A suffix of a saver's may follow.
            depth: How many more operations are looked through.
        """
        origins = self._scopes.origins(scope, tensor)
        if len(origins) != 1 or isinstance(origins[0], Asset) or depth == 0:
            raise UnknownOriginError
        here, node = origins[0]
        if here == MAIN and node.op in _GIVEN:
            self._check_default(node)
            return str(node.name)
        if not shard:
            raise UnknownOriginError
        if node.op == "ShardedFilename":
            return self._given(here, _input(node, 0), shard, depth - 1)
        if node.op == "Pack":
            (name,) = {self._given(here, entry, shard, depth - 1) for entry in _data(node)} or {""}
            return name
        if node.op != "StringJoin" or len(_data(node)) != 2 or text_of(node, "separator") != "":
            raise UnknownOriginError
        if not all(_SUFFIX.fullmatch(text) for text in self._texts(here, _input(node, 1), depth - 1)):
            raise UnknownOriginError
        return self._given(here, _input(node, 0), shard, depth - 1)

    def _check_default(self, node: Any) -> None:
        """Refuse a path, which an operation would take that runs without a given name."""
        seen = 0
        while node.op == "PlaceholderWithDefault" and seen < _DEEPEST:
            seen += 1
            (origin,) = self._scopes.origins(MAIN, _input(node, 0))
            if isinstance(origin, Asset):
                raise UnknownOriginError
            node = origin.node
        if node.op == "Placeholder" and not seen:
            return
        value = _constant(node)
        if value is None or not _BARE_NAME.fullmatch(value):
            raise UnknownOriginError

    def _texts(self, scope: str, tensor: str, depth: int) -> Iterator[str]:
        """Return the constants that a text is one of."""
        for origin in self._scopes.origins(scope, tensor):
            if isinstance(origin, Asset) or depth == 0:
                raise UnknownOriginError
            if origin.node.op in ("Select", "SelectV2"):
                for index in (1, 2):
                    yield from self._texts(origin.scope, _input(origin.node, index), depth - 1)
                continue
            value = _constant(origin.node)
            if value is None:
                raise UnknownOriginError
            yield value

    def _is_table(self, place: Place) -> bool:
        """Say whether a table's file is an asset, and nothing but an initializer fills it."""
        path = _input(place.node, _TABLE_INPUTS[place.node.op])
        if not all(self._is_asset(origin) for origin in self._scopes.origins(place.scope, path)):
            return False
        runs = self._runs(place)
        dependent = self._scopes.consumers(runs)
        nodes = [self._scopes.node(MAIN, name) for name in self._answers(initializer=True) & dependent]
        if any(node is None or node.op != "NoOp" for node in nodes):
            return False
        return not dependent & (self._answers(initializer=False) | set(self._collected(_INIT_COLLECTIONS)))

    def _is_asset(self, origin: Place | Asset) -> bool:
        if isinstance(origin, Asset):
            return 0 <= origin.number < len(self._assets) and is_inside(self._assets[origin.number])
        if origin.scope != MAIN:
            return False
        if origin.node.op == "ReadVariableOp":
            return self._holds_an_asset(_input(origin.node, 0))
        declared = [asset for asset in self._assets if _node(asset.tensor_info.name) == origin.node.name]
        return bool(declared) and origin.node.op in _GIVEN and all(is_inside(asset) for asset in declared)

    def _holds_an_asset(self, handle: str) -> bool:
        """Say whether a variable never holds anything else than the path of an asset."""
        variable = self._scopes.node(MAIN, _node(handle))
        if variable is None or variable.op != "VarHandleOp":
            return False
        same = 0
        for scope, node in self._scopes.places():
            if node.op in _OTHER_HANDLES or (node.op in ("Const", "ParseTensor") and _makes_resource(node)):
                return False
            same += node.op == "VarHandleOp" and _shared_name(node) == _shared_name(variable)
            if scope != MAIN or variable.name not in {_node(name) for name in _data(node)}:
                continue
            if node.op not in _USES_OF_A_PATH:
                return False
            if node.op == "AssignVariableOp":
                value = self._scopes.origins(MAIN, _input(node, 1))
                if not all(isinstance(entry, Place) and entry.node.op in _GIVEN for entry in value):
                    return False
                if not all(self._is_asset(entry) for entry in value):
                    return False
        return same == 1

    def _runs(self, place: Place) -> set[str]:
        """Return the nodes of the main graph by which the operation runs."""
        return {place.node.name} if place.scope == MAIN else self._scopes.calls_of(place.scope)

    def _answers(self, *, initializer: bool) -> set[str]:
        """Return the nodes that the initializer, or any other signature, answers with."""
        return {
            _node(name)
            for key, signature in self._meta_graph.signature_def.items()
            if (key == _INIT_SIGNATURE) == initializer
            for info in signature.outputs.values()
            for name in _tensors(info)
        }

    def _collected(self, without: tuple[str, ...] = ()) -> Iterator[str]:
        """Return the nodes that collections name."""
        for key, collection in self._meta_graph.collection_def.items():
            if key not in without:
                yield from map(_node, collection.node_list.value)


def _savers_in(meta_graph: Any) -> list[Any]:
    """Return the savers that the program of a version 1 left in a collection."""
    from google.protobuf.message import DecodeError

    if _SAVERS not in meta_graph.collection_def:
        return []
    try:
        return [
            message("SaverDef").FromString(content) for content in meta_graph.collection_def[_SAVERS].bytes_list.value
        ]
    except DecodeError:
        return []


def _data(node: Any) -> list[str]:
    return [name for name in node.input if not name.startswith("^")]


def _input(node: Any, index: int) -> str:
    inputs = _data(node)
    if index >= len(inputs):
        raise UnknownOriginError
    return inputs[index]


def _constant(node: Any) -> str | None:
    """Return the text of a constant."""
    if node.op != "Const" or "value" not in node.attr:
        return None
    values = node.attr["value"].tensor.string_val
    return str(values[0].decode("utf-8", "replace")) if len(values) == 1 else None


def _makes_resource(node: Any) -> bool:
    return any(value.type == _RESOURCE for value in node.attr.values())


def _shared_name(node: Any) -> str | None:
    return text_of(node, "shared_name") or node.name


def _tensors(info: Any) -> Iterator[str]:
    """Return the names of the tensors of a signature's output."""
    yield info.name
    sparse = info.coo_sparse
    yield from (sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name)
    for component in info.composite_tensor.components:
        yield from _tensors(component)


def _node(tensor: str) -> str:
    return tensor.lstrip("^").split(":")[0]
