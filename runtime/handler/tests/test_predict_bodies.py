"""TensorFlow Serving's row and column formats, and `data`: what comes back has the form of what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from model_server.errors import RequestError
from model_server.predict import predict

if TYPE_CHECKING:
    from collections.abc import Callable

    from model_server import Model

ROW = [0.5, -1, 2, 0]

BODIES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("signatures", {"instances": [[1, 2]]}, {"predictions": [[2.0, 4.0]]}),
    ("signatures", {"instances": [[1, 2], [3, 4]]}, {"predictions": [[2.0, 4.0], [6.0, 8.0]]}),
    ("signatures", {"instances": [{"x": [1, 2]}, {"x": [3, 4]}]}, {"predictions": [[2.0, 4.0], [6.0, 8.0]]}),
    ("signatures", {"inputs": [[1, 2]]}, {"outputs": [[2.0, 4.0]]}),
    ("signatures", {"inputs": {"x": [[1, 2], [3, 4]]}}, {"outputs": [[2.0, 4.0], [6.0, 8.0]]}),
    ("signatures", {"data": [1, 2]}, {"prediction": [[2.0, 4.0]]}),
    ("signatures", {"data": {"x": [1, 2]}}, {"prediction": [[2.0, 4.0]]}),
    ("signatures", {"signature_name": "", "data": [1, 2]}, {"prediction": [[2.0, 4.0]]}),
    (
        "signatures",
        {"signature_name": "triple", "instances": [[1, 2], [3, 4]]},
        {"predictions": [{"size": [1.0], "y": [3.0, 6.0]}, {"size": [3.0], "y": [9.0, 12.0]}]},
    ),
    (
        "signatures",
        {"signature_name": "triple", "inputs": [[1, 2], [3, 4]]},
        {"outputs": {"size": [[1.0], [3.0]], "y": [[3.0, 6.0], [9.0, 12.0]]}},
    ),
    ("signatures", {"signature_name": "triple", "data": [1, 2]}, {"prediction": {"size": [[1.0]], "y": [[3.0, 6.0]]}}),
    (
        "two",
        {"instances": [{"zeta": [1, 2, 3], "alpha": [2, 1]}, {"alpha": [0, 5], "zeta": [1, 1, 1]}]},
        {
            "predictions": [
                {"doubled": [4, 2], "weighted": [2.0, 4.0, 6.0]},
                {"doubled": [0, 10], "weighted": [0.0, 0.0, 0.0]},
            ]
        },
    ),
    (
        "two",
        {"data": {"zeta": [1, 2, 3], "alpha": [2, 1]}},
        {"prediction": {"doubled": [[4, 2]], "weighted": [[2.0, 4.0, 6.0]]}},
    ),
    ("bool", {"instances": [{"x": [1, -1, 0], "flip": [False, False, True]}]}, {"predictions": [[True, False, True]]}),
    ("image", {"instances": [[[[255, 0, 1]] * 4] * 4]}, {"predictions": [[255.0, 0.0, 1.0]]}),
    ("cast_int64", {"inputs": [[-5, 0, 7]]}, {"outputs": {"half": [[-2.5, 0.0, 3.5]], "same": [[-5, 0, 7]]}}),
    # Outputs without a batch: the value is the tensor itself, in every format.
    ("audio", {"inputs": [1, -1] * 4}, {"outputs": {"frames": [[1.0, -1.0]] * 4, "loudness": 1.0}}),
    ("audio", {"inputs": {"wave": [1, -1] * 4}}, {"outputs": {"frames": [[1.0, -1.0]] * 4, "loudness": 1.0}}),
    ("audio", {"data": [1, -1] * 4}, {"prediction": {"frames": [[1.0, -1.0]] * 4, "loudness": 1.0}}),
    ("scalar", {"inputs": 1}, {"outputs": 2.0}),
    ("scalar", {"data": 1}, {"prediction": 2.0}),
]


@pytest.mark.parametrize(("name", "body", "expected"), BODIES)
def test_the_answer_has_the_form_of_the_request(
    name: str, body: dict[str, Any], expected: dict[str, Any], load_model: Callable[..., Model]
) -> None:
    assert predict(load_model(name), body, direct=True) == expected


def test_an_int8_model_takes_and_gives_real_values(load_model: Callable[..., Model]) -> None:
    import numpy as np

    image = np.random.default_rng(3).normal(size=(2, 8, 8, 1))
    real = predict(load_model("conv"), {"instances": image.tolist()})["predictions"]
    quantized = predict(load_model("int8"), {"instances": image.tolist()})["predictions"]
    scale = load_model("int8").signature(None).outputs["scores"].scale
    assert scale is not None
    assert all(isinstance(value, float) for row in quantized for value in row)
    assert np.abs(np.subtract(quantized, real)).max() < 4 * scale


def test_unknown_members_of_the_body_are_ignored_as_the_server_does(load_model: Callable[..., Model]) -> None:
    assert predict(load_model("signatures"), {"instances": [[1, 2]], "parameters": {}}) == {"predictions": [[2.0, 4.0]]}


@pytest.mark.parametrize(
    "outputs",
    [{"y": 1.0}, {"y": 1.0, "z": 2.0}, {"y": [1.0], "z": 2.0}, {"y": [1.0, 2.0], "z": [1.0]}],
    ids=["a number", "numbers", "a list and a number", "lists of different lengths"],
)
def test_outputs_without_a_batch_in_common_are_refused_in_rows_and_answered_in_columns(
    outputs: dict[str, Any], load_model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model("audio")
    monkeypatch.setattr(type(model), "predict", lambda *_: outputs)

    with pytest.raises(RequestError, match=r"do not share a batch dimension.*send 'inputs' instead of 'instances'"):
        predict(model, {"instances": [0.5] * 8})
    assert predict(model, {"inputs": [0.5] * 8}) == {"outputs": outputs if len(outputs) > 1 else 1.0}


@pytest.mark.parametrize(
    ("name", "data", "place"),
    [("audio", [1, 2, 3, "x", 5, 6, 7, 8], "data[3]: "), ("signatures", [1, "x"], "data[1]: ")],
    ids=["without a batch", "one row of a batch"],
)
def test_an_error_in_data_is_located_as_the_caller_wrote_it(
    name: str, data: Any, place: str, load_model: Callable[..., Model]
) -> None:
    with pytest.raises(RequestError) as caught:
        predict(load_model(name), {"data": data}, direct=True)

    assert str(caught.value).startswith(place)
