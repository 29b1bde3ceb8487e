"""The handler against LiteRT's own interpreter: the same bits, whatever the model and the order of the calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from handler_models import CAST_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from model_server import Model
    from model_server.description import Signature

MODELS = (
    "dense",
    "conv",
    "int8",
    "two",
    "image",
    "bool",
    "signatures",
    "audio",
    "scalar",
    "passing",
    "constant",
    *(f"cast_{dtype}" for dtype in CAST_TYPES),
)


class Reference:
    """LiteRT's interpreter, used without any of the code under test."""

    def __init__(self, directory: str, threads: int = 1) -> None:
        self.interpreter = Interpreter(model_path=f"{directory}/model.tflite", num_threads=threads)

    def run(self, signature: Signature, inputs: dict[str, np.ndarray]) -> list[bytes]:
        outputs = self.interpreter.get_signature_runner(signature.name)(**inputs)
        return [outputs[name].tobytes() for name in signature.outputs]


def random_inputs(signature: Signature, random: np.random.Generator) -> dict[str, np.ndarray]:
    arrays = {}
    for name, tensor in signature.inputs.items():
        shape, dtype = tensor.stored_shape, np.dtype(tensor.stored.name)
        if dtype.kind == "f":
            arrays[name] = np.asarray(random.normal(size=shape) * 3, dtype)
        elif dtype.kind == "b":
            arrays[name] = random.random(shape) > 0.5
        else:
            limits = np.iinfo(dtype)
            arrays[name] = random.integers(max(limits.min, -(2**20)), min(limits.max, 2**20), shape, dtype)
    return arrays


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("threads", [1, 2])
def test_every_run_gives_the_interpreters_bits(name: str, threads: int, models: dict[str, str]) -> None:
    from model_server import load

    model, reference = load(models[name], threads), Reference(models[name], threads)
    random = np.random.default_rng(11)
    for _ in range(4):  # interleaved over signatures: no call may see what another left behind
        for signature in model.description.signatures.values():
            inputs = random_inputs(signature, random)
            stored = [inputs[key].tobytes() for key in signature.inputs]
            assert model.runtime.run(signature, stored) == reference.run(signature, inputs)
    model.close()


def test_models_loaded_side_by_side_do_not_disturb_each_other(
    models: dict[str, str], load_model: Callable[..., Model]
) -> None:
    names = ("dense", "conv", "two", "int8", *(f"cast_{dtype}" for dtype in CAST_TYPES))
    pairs = [(load_model(name), Reference(models[name])) for name in names]
    random = np.random.default_rng(12)
    for _ in range(5):
        for model, reference in pairs:
            signature = model.signature(None)
            inputs = random_inputs(signature, random)
            stored = [inputs[key].tobytes() for key in signature.inputs]
            assert model.runtime.run(signature, stored) == reference.run(signature, inputs)


def test_a_batch_is_the_sum_of_its_rows(load_model: Callable[..., Model]) -> None:
    model = load_model("two")
    inputs: dict[str, list[Any]] = {
        "alpha": [[1, 2], [-3, 4], [5, 2**31 - 1]],
        "zeta": [[0.5, 1, 2], [3, 4, 5], [6, 7, float("-inf")]],
    }
    batch = model.predict(None, inputs)
    singles = [model.predict(None, {key: [rows[row]] for key, rows in inputs.items()}) for row in range(3)]
    assert batch == {key: [single[key][0] for single in singles] for key in batch}
    assert batch["weighted"] == [[0.5, 1.0, 2.0], [-9.0, -12.0, -15.0], [30.0, 35.0, float("-inf")]]
    assert batch["doubled"] == [[2, 4], [-6, 8], [10, -2]]


def test_a_runtime_continues_after_values_that_the_model_refused(load_model: Callable[..., Model]) -> None:
    from model_server import RequestError

    model = load_model("lookup")
    expected = model.predict(None, {"ids": [0, 4]})
    for _ in range(3):
        with pytest.raises(RequestError, match="cannot compute these values"):
            model.predict(None, {"ids": [7]})
        assert model.predict(None, {"ids": [0, 4]}) == expected


def test_a_run_that_fails_for_another_reason_than_its_values_is_the_functions_fault(
    models: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Answered by a 400, a function that answers nothing would pass the check of a new version and raise no alarm.
    from model_server import ModelError, load

    def no_memory(**_: Any) -> None:
        raise RuntimeError("tensor 3 failed to allocate")

    model = load(models["dense"])
    monkeypatch.setattr(model.runtime, "_runners", {"serving_default": no_memory})
    with pytest.raises(ModelError, match="tensor 3 failed to allocate"):
        model.predict(None, {"x": [[1, 2, 3, 4]]})


def test_outputs_that_are_one_tensor_are_answered_under_both_names(load_model: Callable[..., Model]) -> None:
    assert load_model("same").predict(None, {"x": [[1, 2]], "z": [[3, 4]]}) == {
        "once": [[4.0, 6.0]],
        "twice": [[4.0, 6.0]],
    }
