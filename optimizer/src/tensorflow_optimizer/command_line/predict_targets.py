"""Finds the models that `predict` asks: on this machine, or behind an endpoint."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from ..data import decode_images
from ..data.dataset import Dataset
from ..documents.draft import DRAFT_FILE, LITERT_FILE, MODEL_DIRECTORY, read_draft
from ..documents.job import ModelFormat
from ..errors import BadInputError
from ..prediction import Endpoint, Target, is_address
from ..runners import RemoteLiteRt, RunError
from ..signatures import SignatureSpec, TensorSpec
from ..signatures.fixed import is_batched
from ..signatures.images import image_input, image_of
from ..signatures.select import default_signature
from .opened_model import open_model
from .text_version import TextVersionRunner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..documents.draft import Draft
    from ..documents.image import Image, ImageInput
    from ..documents.manifest import Signature
    from ..runners import Runner
    from ..sandbox import Sandbox

#: An object of JSON: addresses on this machine of the endpoints that the npm package signs requests to, by what the
#: command was given. The environment is read by this user alone; everybody can read arguments.
VARIABLE = "CDK_TENSORFLOW_ENDPOINTS"


@dataclass(frozen=True)
class Asked:
    """Options that say what the caller knows of the models."""

    signature: str | None
    tags: list[str]
    allowed_operations: list[str]
    image: ImageInput | None
    seconds: float
    """Most seconds of a request to an endpoint."""
    api_key: str | None = None
    """Key of an API, for all endpoints."""


@dataclass(frozen=True)
class Found:
    """A model, and the names of its classes where its version has them."""

    target: Target
    class_names: list[str] | None = None


def endpoint_target(address: str, asked: Asked) -> Found:
    """Return the model at an address.

    Raises:
        OptimizerError: It is no such address, or no model answers there.
    """
    endpoint = Endpoint(_known_addresses().get(address, address), asked.seconds, address, asked.api_key)
    spec = endpoint.specs[default_signature(endpoint.specs, asked.signature)]

    def pictures(files: Sequence[tuple[str, bytes]]) -> Dataset:
        """Send files as they are: the server decodes them."""
        contents = np.empty(len(files), dtype=object)
        contents[:] = [content for _, content in files]
        return Dataset({_only_input(spec): contents}, batched=True)

    return Found(Target(address, spec, is_batched(spec, {}) or None, None, endpoint, pictures))


def local_target(sandbox: Sandbox, path: Path, asked: Asked, work: Path) -> Found:
    """Open the model at a path.

    Args:
        sandbox: Where it is opened.
        path: A model, or the directory that `optimize` wrote.
        asked: What the caller knows of it.
        work: A directory for intermediate files, of this model alone.

    Raises:
        OptimizerError: There is no whole model, or it cannot be loaded.
    """
    draft = read_draft(path) if (path / DRAFT_FILE).is_file() else None
    try:
        if draft is not None and draft.format is ModelFormat.LITERT:
            loaded = _version(sandbox, path, draft, asked)
        else:
            loaded = _model(sandbox, path / MODEL_DIRECTORY if draft else path, asked, work)
    except RunError as error:
        raise BadInputError(f"{path} cannot be loaded: {error}") from error
    spec = loaded.spec

    def pictures(files: Sequence[tuple[str, bytes]]) -> Dataset:
        name, image = _image(path, spec, asked.image, draft)
        size = [entry or 0 for entry in (spec.inputs[name].shape or ())[1:]]
        rows = list(decode_images(sandbox, files, image, size, spec.inputs[name].dtype))
        return Dataset({name: np.stack(rows)}, batched=True)

    target = Target(str(path), spec, loaded.batched, loaded.shapes, loaded.runner, pictures)
    return Found(target, draft.labels if draft else None)


@dataclass(frozen=True)
class _Loaded:
    runner: Runner
    spec: SignatureSpec
    batched: bool | None
    shapes: dict[str, list[int]] | None


def _version(sandbox: Sandbox, path: Path, draft: Draft, asked: Asked) -> _Loaded:
    """Load a LiteRT model as it was proved, with the types of its clients."""
    specs = {name: _spec(name, signature) for name, signature in draft.signatures.items()}
    name = default_signature(specs, asked.signature or draft.default_signature)
    runner: Runner
    if draft.text is not None:
        runner = TextVersionRunner(sandbox, path, draft, specs)
    else:
        file = path / MODEL_DIRECTORY / LITERT_FILE
        runner = RemoteLiteRt(sandbox, file, draft.signatures, reset_state=draft.reset_state)
    return _Loaded(runner, specs[name], draft.signatures[name].batched, None)


def _model(sandbox: Sandbox, path: Path, asked: Asked, work: Path) -> _Loaded:
    opened = open_model(sandbox, path, asked.tags, work, asked.allowed_operations, asked.signature)
    shapes = opened.shapes()
    return _Loaded(opened.load(), opened.specs[opened.default], opened.batched, dict(shapes) if shapes else None)


def _spec(name: str, signature: Signature) -> SignatureSpec:
    inputs, outputs = (
        {
            key: TensorSpec(tensor.dtype, tuple(size if size >= 0 else None for size in tensor.shape), "")
            for key, tensor in part.items()
        }
        for part in (signature.inputs, signature.outputs)
    )
    return SignatureSpec(name, signature.method_name, inputs, outputs)


def target_of(sandbox: Sandbox, given: str, asked: Asked, work: Path) -> Found:
    """Return the model at a path or an address."""
    if is_served(given):
        return endpoint_target(given, asked)
    return local_target(sandbox, Path(given), asked, work)


def key_in(variable: str, models: Sequence[str]) -> str:
    """Return the key of an API, for models that are all behind that API.

    Args:
        variable: The environment variable with the key.
        models: The models that are asked.

    Raises:
        BadInputError: There is no key, or it would be sent to another host as well.
    """
    served = [model for model in models if is_served(model)]
    hosts = {urlsplit(model).netloc or model.partition(".")[0] for model in served}
    if len(hosts) != 1:
        problem = "no model is served" if not hosts else "the models are behind different hosts"
        raise BadInputError(f"--api-key is for models behind one API, and {problem}: leave it out")
    key = os.environ.get(variable, "")
    if not key or not key.isascii() or not key.isprintable():
        raise BadInputError(f"--api-key must name an environment variable that has the key, and {variable} has none")
    return key


def is_served(given: str) -> bool:
    """Say whether a model is asked by its address."""
    return is_address(given) or given in _known_addresses()


def _known_addresses() -> dict[str, str]:
    return dict(json.loads(os.environ.get(VARIABLE, "{}")))


def _image(path: Path, spec: SignatureSpec, asked: ImageInput | None, draft: Draft | None) -> tuple[str, Image]:
    """Return the input that takes images, and what becomes of their pixels."""
    if asked is not None:
        name = image_input(asked, list(spec.inputs))
        return name, image_of(asked, name, spec.inputs[name].dtype, spec.inputs[name].shape)
    tensors: dict[str, Any] = (
        dict(draft.signatures[spec.name].inputs) if draft and spec.name in draft.signatures else {}
    )
    for name, tensor in tensors.items():
        if tensor.image is not None:
            return _only_input(spec, name), tensor.image
    raise BadInputError(
        f"nothing says what numbers {path} makes of an image's pixels: say it with --image, such as --image zero-to-one"
    )


def _only_input(spec: SignatureSpec, name: str | None = None) -> str:
    if len(spec.inputs) > 1:
        raise BadInputError(
            f"an image is one input, and the model has {len(spec.inputs)} ({', '.join(map(repr, spec.inputs))}): give "
            "rows with all inputs"
        )
    return name or next(iter(spec.inputs))
