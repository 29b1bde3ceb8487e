"""Rewrites the configuration of a file that Keras 2 saved, so that Keras 3 loads the same computation.

Keras 3 gives `hard_sigmoid` other values than Keras 2 without saying so, and refuses arguments that Keras 2 wrote.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedError

if TYPE_CHECKING:
    from pathlib import Path

#: Arguments that Keras 3 has no more, and the value that changes nothing.
_REMOVED_ARGUMENTS = {"time_major": False, "groups": 1}
_WITHOUT_GROUPS = ("DepthwiseConv1D", "DepthwiseConv2D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
#: Keys of a layer's configuration under which it has another layer.
_INNER = ("layer", "backward_layer", "cell", "cells")
_HARD_SIGMOID = "hard_sigmoid"


def is_keras_2(version: str | None) -> bool:
    """Say whether Keras 2, or one before it, wrote a file. Keras 1 wrote no version."""
    return version is None or version.split(".")[0] in ("0", "1", "2")


def adapted(config: Any) -> Any:
    """Return the configuration for Keras 3.

    Raises:
        UnsupportedError: It needs what Keras 3 cannot do.
    """
    if isinstance(config, list):
        return [adapted(value) for value in config]
    if not isinstance(config, dict):
        return config
    kind, inner = config.get("class_name"), config.get("config")
    if isinstance(kind, str) and isinstance(inner, dict):
        config = {**config, "config": _arguments(kind, inner)}
    return {key: adapted(value) for key, value in config.items()}


def rewritten(file: Path, config: Any, work: Path) -> Path:
    """Copy a .keras or .h5 file into `work`, with another configuration."""
    copy = work / file.name
    text = json.dumps(config)
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as source, zipfile.ZipFile(copy, "w") as target:
            for name in source.namelist():
                target.writestr(name, text if name == "config.json" else source.read(name))
        return copy
    import h5py

    shutil.copyfile(file, copy)
    with h5py.File(copy, "r+") as content:
        del content.attrs["model_config"]
        content.attrs["model_config"] = text
    return copy


def _arguments(kind: str, config: dict[str, Any]) -> dict[str, Any]:
    import keras

    if isinstance(getattr(keras.initializers, kind, None), type):
        # TensorFlow 1 wrote the type of the values, which the layer decides.
        return {key: value for key, value in config.items() if key != "dtype"}
    if kind == "Sequential":
        config = {**config, "layers": _with_input(config.get("layers"))}
    arguments = {}
    for key, value in config.items():
        if key == "batch_input_shape" and kind != "InputLayer":
            continue  # The shape of the model's input, which another layer has: Keras 3 adds a dimension to it.
        if key == "time_major" or (key == "groups" and kind in _WITHOUT_GROUPS):
            if value != _REMOVED_ARGUMENTS[key]:
                raise UnsupportedError(
                    f"the layer {config.get('name', kind)!r} has {key}={value!r}, which Keras 3 does not have, and "
                    "Keras 2 saved the file; export the model with the TensorFlow that saved it, "
                    "model.save('directory'), and give that directory"
                )
        elif key in _INNER:
            arguments[key] = _named(value)
        else:
            arguments[key] = _hard_sigmoid() if key.endswith("activation") and _is_hard_sigmoid(value) else value
    return arguments


def _with_input(layers: Any) -> Any:
    """Give a Sequential model that was saved without it the layer that holds its input's shape."""
    first: Any = layers[0] if isinstance(layers, list) and layers else None
    config = first.get("config") if isinstance(first, dict) else None
    if not isinstance(config, dict) or first["class_name"] == "InputLayer" or "batch_input_shape" not in config:
        return layers
    given = {"batch_shape": config["batch_input_shape"], "dtype": config.get("dtype", "float32")}
    name = f"{config.get('name', 'layer')}_input"
    return [{"class_name": "InputLayer", "config": {**given, "name": name}}, *layers]


def _named(layer: Any) -> Any:
    """Say where the class of a layer inside another is, which Keras 3 only knows of the outer ones."""
    if isinstance(layer, list):
        return [_named(entry) for entry in layer]
    if not isinstance(layer, dict) or "module" in layer:
        return layer
    return {**layer, "module": "keras.layers", "registered_name": None}


def _is_hard_sigmoid(value: Any) -> bool:
    return _HARD_SIGMOID in (value, value.get("config") if isinstance(value, dict) else None)


@cache
def _hard_sigmoid() -> dict[str, Any]:
    """Return the activation of Keras 2 as a configuration: it is clip(x / 5 + 1/2), and that of Keras 3 has x / 6."""
    import keras

    def hard_sigmoid(x: Any) -> Any:
        return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)

    keras.saving.register_keras_serializable(package="keras_2", name=_HARD_SIGMOID)(hard_sigmoid)
    name = keras.saving.get_registered_name(hard_sigmoid)
    return {"class_name": "function", "config": name, "module": "builtins", "registered_name": name}
