"""TensorFlow's messages without TensorFlow, whose import takes seconds: their modules need nothing else of it."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from ..errors import UnsupportedError

_PACKAGE = "tensorflow"
_MODULES = {
    "GraphDef": "framework.graph_pb2",
    "DataType": "framework.types_pb2",
    "SavedModel": "protobuf.saved_model_pb2",
    "AssetFileDef": "protobuf.meta_graph_pb2",
    "SaverDef": "protobuf.saver_pb2",
    "BundleHeaderProto": "protobuf.tensor_bundle_pb2",
    "BundleEntryProto": "protobuf.tensor_bundle_pb2",
}
#: NumPy's names of types that Protocol Buffers call otherwise.
_NUMPY = {"float": "float32", "double": "float64", "half": "float16"}


def message(name: str) -> Any:
    """Return the class of a message, or an enumeration, by its name in TensorFlow.

    Call it while no other thread imports TensorFlow.
    """
    return _messages()[name]


def type_name(number: int) -> str:
    """Return NumPy's name of a DataType, or `string`.

    Raises:
        UnsupportedError: TensorFlow has no such type.
    """
    numbers = message("DataType")
    if number not in numbers.values() or number == 0:
        raise UnsupportedError(f"a tensor of the model has the type {number}, which TensorFlow does not have")
    text: str = numbers.Name(number)
    name, *reference = text.removeprefix("DT_").lower().split("_ref")
    return _NUMPY.get(name, name) + ("_ref" if reference else "")


@cache
def _messages() -> dict[str, Any]:
    if _PACKAGE in sys.modules:
        return _imported()
    found = find_spec(_PACKAGE)
    # A package of the same place, whose own code does not run.
    package = ModuleType(_PACKAGE)
    package.__path__ = list(found.submodule_search_locations or ()) if found else []
    sys.modules[_PACKAGE] = package
    try:
        return _imported()
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
            del sys.modules[name]


def _imported() -> dict[str, Any]:
    return {name: getattr(import_module(f"{_PACKAGE}.core.{module}"), name) for name, module in _MODULES.items()}
