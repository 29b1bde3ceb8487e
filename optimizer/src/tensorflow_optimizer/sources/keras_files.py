"""Scans .keras and .h5 files for code, then loads them with Keras and exports a SavedModel.

A Keras file may contain Python code (Lambda layers), which is never run here: files are loaded in safe mode only.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..archives import refuse_broken
from ..errors import BadInputError, OptimizerError, UnsupportedError, reason_of
from ..processes.exhaustion import raise_exhausted
from .detect import SourceKind, weights_only_error
from .keras_2 import adapted, is_keras_2, rewritten

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAY_OUT = (
    "export the model from the code that defines it with model.export('directory') and give that directory: a "
    "SavedModel holds the computation, not the code"
)
#: Most bytes of a configuration: a ZIP of 1 MB may hold a document of 1 GB.
_LONGEST_CONFIG = 64 << 20
#: Modules of Keras's own classes.
_KNOWN_MODULES = ("keras", "tensorflow.keras", "tf_keras", "builtins")


def export_keras(file: Path, kind: SourceKind, directory: Path) -> str | None:
    """Load a Keras file in safe mode and export it as a SavedModel into `directory`.

    Returns:
        The Keras version that wrote the file, if the file has it.

    Raises:
        BadInputError: The file is truncated or corrupt.
        UnsupportedError: It contains only weights, or code, or custom objects.
    """
    config, version = _read_keras(file) if kind is SourceKind.KERAS else _read_h5(file)
    _refuse_code(file, config)
    model = _load(file, config, version, directory.parent)
    try:
        model.export(directory, verbose=False, input_signature=_whole_shapes(model) if _keeps_state(config) else None)
    except Exception as error:
        raise_exhausted(error)
        raise UnsupportedError(
            f"{file.name} loads, but cannot be exported for serving ({reason_of(error, 200)}); call the model once on "
            f"real inputs before saving it, or {_WAY_OUT}"
        ) from error
    return version


def _keeps_state(config: Any) -> bool:
    """Say whether a recurrent layer keeps its state from call to call: its batch is fixed then."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict) and value.get("stateful") is True:
            return True
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return False


def _whole_shapes(model: Any) -> list[Any]:
    """Return the inputs with the batch of the model, which Keras would leave open."""
    import keras

    inputs = model.inputs if isinstance(model, keras.Sequential) else [model.input]
    specs: list[Any] = keras.tree.map_structure(
        lambda tensor: keras.InputSpec(dtype=tensor.dtype, shape=tensor.shape, name=tensor.name), inputs
    )
    return specs


def _load(file: Path, config: Any, version: str | None, work: Path) -> Any:
    import keras

    work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=work) as temporary:
        try:
            given = config if not is_keras_2(version) else adapted(config)
            place = file if given == config else rewritten(file, given, Path(temporary))
            return keras.saving.load_model(place, compile=False, safe_mode=True)
        except OptimizerError:
            raise
        except Exception as error:
            raise_exhausted(error)
            raise _loading_error(file, error) from error


def _read_keras(file: Path) -> tuple[Any, str | None]:
    with refuse_broken(lambda error: _corrupt(file, error)), zipfile.ZipFile(file) as archive:
        broken = archive.testzip()
        if broken:
            raise BadInputError(f"{file.name} is corrupt: its member {broken} is damaged; copy it again")
        names = archive.namelist()
        if "model.weights.h5" not in names and "model.weights.npz" not in names:
            raise BadInputError(f"{file.name} is incomplete: it holds no weights; save it again with model.save()")
        config = _read_json(file, archive, "config.json")
        metadata = _read_json(file, archive, "metadata.json") if "metadata.json" in names else {}
        if not isinstance(config, dict) or not isinstance(metadata, dict):
            raise BadInputError(f"{file.name} is corrupt: its config.json describes no model; save it again")
    return config, metadata.get("keras_version")


def _read_json(file: Path, archive: zipfile.ZipFile, name: str) -> Any:
    size = archive.getinfo(name).file_size
    if size > _LONGEST_CONFIG:
        raise BadInputError(f"{file.name} has a {name} of {size:,} bytes; at most {_LONGEST_CONFIG:,} are read")
    return json.loads(archive.read(name))


def _read_h5(file: Path) -> tuple[Any, str | None]:
    import h5py

    with refuse_broken(lambda error: _corrupt(file, error)):
        with h5py.File(file, "r") as content:
            config = content.attrs.get("model_config")
            version = content.attrs.get("keras_version")
            keys = sorted(content.keys())
        if config is None:
            if not keys:
                raise BadInputError(f"{file.name} is an empty HDF5 file; save the model again with model.save()")
            raise weights_only_error(file.name)
        text = config.decode("utf-8") if isinstance(config, bytes) else config
        return json.loads(text), version.decode("utf-8") if isinstance(version, bytes) else version


def _corrupt(file: Path, error: Exception) -> BadInputError:
    return BadInputError(f"{file.name} is cut short or corrupt ({reason_of(error, 200)}); copy it again")


def _refuse_code(file: Path, config: Any) -> None:
    layers = list(_layers(config))
    code = sorted({name for kind, name, _ in layers if kind in ("Lambda", "__lambda__")})
    if code:
        raise UnsupportedError(
            f"{file.name} holds Python code, which is never run here (Lambda layer {', '.join(map(repr, code))}); "
            f"{_WAY_OUT}"
        )
    custom = sorted({kind for kind, _, module in layers if not _is_known(module)})
    if custom:
        raise UnsupportedError(
            f"{file.name} needs custom objects ({', '.join(custom)}), which are not here; {_WAY_OUT}"
        )


def _layers(config: Any) -> Iterator[tuple[str, str, str | None]]:
    """Yield (class, name, module) of every object in a Keras configuration, however deep."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        if not isinstance(value, dict):
            continue
        waiting += value.values()
        kind = value.get("class_name")
        if isinstance(kind, str):
            inner = value.get("config")
            name = inner.get("name", kind) if isinstance(inner, dict) else kind
            module = value.get("module")
            registered = value.get("registered_name")
            # For registered custom objects, Keras writes module null and a `Package>Class` name.
            custom = module is None and isinstance(registered, str) and registered != kind
            known = registered if custom else module
            yield kind, str(name), None if known is None else str(known)


def _is_known(module: str | None) -> bool:
    return module is None or any(module == known or module.startswith(f"{known}.") for known in _KNOWN_MODULES)


def _loading_error(file: Path, error: Exception) -> OptimizerError:
    text = str(error)
    if "Lambda" in text or "unsafe" in text.lower():
        return UnsupportedError(f"{file.name} holds Python code, which is never run here; {_WAY_OUT}")
    if "Could not locate" in text or "Unknown layer" in text or "custom_objects" in text:
        return UnsupportedError(
            f"{file.name} needs custom objects, which are not here ({reason_of(error, 200)}); {_WAY_OUT}"
        )
    if isinstance(error, (OSError, KeyError)):
        return BadInputError(f"{file.name} is cut short or corrupt ({reason_of(error, 200)}); copy it again")
    return BadInputError(f"Keras cannot load {file.name} ({reason_of(error, 200)}); {_WAY_OUT}")
