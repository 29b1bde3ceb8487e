"""Calls a factory of the user's module, in the sandbox, and names what its model answers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadInputError, reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def made_by(file: str, function: str) -> Any:
    """Return what a factory returns. It may import modules, and read files, of its own directory.

    Raises:
        BadInputError: The module cannot be imported, has no such function, or the function fails.
    """
    sys.path.insert(0, str(Path(file).parent))
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    try:
        if spec is None or spec.loader is None:
            raise ImportError(file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        made = getattr(module, function, None)
        if not callable(made):
            raise BadInputError(f"{Path(file).name} has no function {function!r}; name a factory without parameters")
        return made()
    except BadInputError:
        raise
    except Exception as error:
        raise BadInputError(
            f"{Path(file).name}:{function} failed ({type(error).__name__}: {reason_of(error)}); it runs without a "
            "network, and may read the files beside it and the packages of its environment alone"
        ) from error


def named(value: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return a model's outputs by name: its own in a dictionary, else those given, else `output`.

    Raises:
        BadInputError: There are as many outputs as no names, or others than arrays.
    """
    if isinstance(value, dict):
        by_name: Mapping[str, Any] = value
        if names and list(names) != list(by_name):
            raise BadInputError(f"the model names its outputs {', '.join(map(repr, by_name))}: leave --output out")
        return {str(name): entry for name, entry in by_name.items()}
    values = list(value) if isinstance(value, (tuple, list)) else [value]
    given = list(names) or (["output"] if len(values) == 1 else [])
    if len(given) != len(values):
        raise BadInputError(
            f"the model answers {len(values)} outputs without names, and --output names {len(given)}: give one for "
            "each, in their order"
        )
    return dict(zip(given, values, strict=True))
