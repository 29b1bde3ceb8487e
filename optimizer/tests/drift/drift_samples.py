"""A model with a row of numbers, an image and a text, and requests to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.documents.captured_request import CapturedRequest
from tensorflow_optimizer.documents.job import Architecture, ModelFormat, ModelTask, Recipe, RecipeKind
from tensorflow_optimizer.documents.manifest import Draft, Requirements, Signature, SourceRecord, Tensor
from tensorflow_optimizer.drift import Observed, make_profile
from tensorflow_optimizer.drift.features import values_of
from tensorflow_optimizer.evaluation import OutputTask

if TYPE_CHECKING:
    from tensorflow_optimizer.documents.profile import Profile

    Arrays = dict[str, Any]

CLASSES = 5
TASKS = {"scores": OutputTask(ModelTask.MULTICLASS)}
DRAFT = Draft(
    model="shop",
    format=ModelFormat.LITERT,
    architecture=Architecture.X86_64,
    size_bytes=1000,
    default_signature="serving_default",
    signatures={
        "serving_default": Signature(
            batched=True,
            inputs={
                "amounts": Tensor(dtype="float32", shape=[-1, 4]),
                "image": Tensor(dtype="float32", shape=[-1, 12, 12]),
                "country": Tensor(dtype="string", shape=[-1, 1]),
            },
            outputs={"scores": Tensor(dtype="float32", shape=[-1, CLASSES])},
        )
    },
    source=SourceRecord(digest="0" * 64, format="saved_model"),
    recipe=Recipe(kind=RecipeKind.NONE),
    candidate="float32",
    unverified=False,
    original=None,
    evaluation=None,
    gate=None,
    gate_results=[],
    requirements=Requirements(),
    tools={},
)


def inputs_of(random: np.random.Generator, count: int, *, shift: float = 0.0) -> Arrays:
    """Correlated, skewed numbers, an image with an empty border, and a text."""
    common = random.normal(size=(count, 1))
    amounts = np.exp(0.5 * random.normal(size=(count, 4)) + common * 0.5) + shift
    image = np.clip(random.normal(0.4, 0.3, size=(count, 12, 12)) + 0.1 * common[:, :, np.newaxis], 0, 1)
    image[:, :4, :4] = 0.0
    country = random.choice([b"de", b"fr", b"it", b"es"], size=(count, 1), p=[0.6, 0.3, 0.08, 0.02]).astype(object)
    return {"amounts": amounts.astype(np.float32), "image": image.astype(np.float32), "country": country}


def answers_of(
    random: np.random.Generator, count: int, shares: tuple[float, ...] = (0.4, 0.25, 0.2, 0.1, 0.05)
) -> Arrays:
    """Softmax scores whose greatest one is of a class with these shares."""
    classes = random.choice(CLASSES, size=count, p=shares)
    scores = random.normal(size=(count, CLASSES))
    scores[np.arange(count), classes] = scores.max(axis=1) + random.exponential(size=count) + 1e-3
    exponentials = np.exp(scores)
    return {"scores": (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)}


def profile_of(inputs: Arrays, answers: Arrays) -> Profile:
    return make_profile(DRAFT, Dataset(inputs, batched=True), answers, TASKS)


def observed_of(profile: Profile, inputs: Arrays, answers: Arrays) -> Observed:
    """Return the observation that captured requests with these tensors give."""
    values = [
        values_of(feature, (inputs if feature.tensor in inputs else answers)[feature.tensor])
        for feature in profile.features
    ]
    return Observed(values, samples=len(answers["scores"]), requests=len(answers["scores"]))


def captured(inputs: Arrays, answers: Arrays, rows: slice, **fields: Any) -> CapturedRequest:
    """One request with these rows, as a client writes it."""
    names = list(inputs)
    instances = [
        {
            name: inputs[name][row].astype(str).tolist() if name == "country" else inputs[name][row].tolist()
            for name in names
        }
        for row in range(*rows.indices(len(answers["scores"])))
    ]
    known = {
        "time": "2026-11-27T10:00:00Z",
        "model_name": "shop",
        "model_version": 3,
        "signature_name": "serving_default",
        "request": {"instances": instances},
        "answer": {"predictions": answers["scores"][rows].tolist()},
    }
    return CapturedRequest.model_validate({**known, **fields})
