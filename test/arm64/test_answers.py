"""The program that a Lambda layer holds, for arm64, answers whole models as the Python handler does."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("runtime/handler/src", "runtime/handler/tests", "optimizer/src", "lab/stand_ins")
sys.path[:0] = [str(ROOT / room) for room in ROOMS]

from handler_models import build_all  # noqa: E402 - the path must be set first
from stand_in_runtime_api import Function  # noqa: E402 - the path must be set first
from test_predict_bodies import BODIES  # noqa: E402 - the path must be set first

#: Command that starts the program, and LiteRT's library for its processor.
PROGRAM: list[str] = json.loads(os.environ["NATIVE_PROGRAM"])
LIBRARY = os.environ["LITERT_LIBRARY"]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return build_all(tmp_path_factory.mktemp("models"))


def invoke(model: str, event: Any) -> Any:
    """Start the program as Lambda does, give it one event, and return its answer."""
    environment = {
        **os.environ,
        "AWS_LAMBDA_FUNCTION_NAME": "tiny",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "MODEL_DIR": model,
        "LITERT_LIBRARY": LIBRARY,
    }
    with Function(PROGRAM, environment) as function:
        return function.invoke(event).value


def assert_same(answer: Any, expected: Any) -> None:
    """Compare structures; numbers as float32, within what another processor's kernels round differently."""
    if isinstance(expected, dict):
        assert isinstance(answer, dict)
        assert answer.keys() == expected.keys()
        for key, value in expected.items():
            assert_same(answer[key], value)
    elif isinstance(expected, list) and expected and isinstance(expected[0], dict):
        assert len(answer) == len(expected)
        for one, other in zip(answer, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, (list, float)):
        np.testing.assert_allclose(np.array(answer), np.array(expected), rtol=1e-5, atol=1e-6)
    else:
        assert answer == expected


@pytest.mark.parametrize(("name", "body", "expected"), BODIES)
def test_a_direct_invocation(name: str, body: dict[str, Any], expected: dict[str, Any], models: dict[str, str]) -> None:
    assert_same(invoke(models[name], body), expected)


@pytest.mark.parametrize("name", ["conv", "int8"])
def test_a_convolution_gives_what_the_reference_interpreter_gives_on_x86_64(name: str, models: dict[str, str]) -> None:
    from model_server import load
    from model_server.predict import predict

    body = {"instances": np.random.default_rng(3).normal(size=(2, 8, 8, 1)).tolist()}
    model = load(models[name])
    scale = model.signature(None).outputs["scores"].scale
    expected = predict(model, body)["predictions"]
    # A quantized value may round to its neighbour.
    np.testing.assert_allclose(invoke(models[name], body)["predictions"], expected, rtol=1e-4, atol=(scale or 0) + 1e-5)
