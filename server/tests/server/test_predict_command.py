"""The optimizer's `predict` asks the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tensorflow_optimizer.errors import RunError
from tensorflow_optimizer.prediction import Endpoint

if TYPE_CHECKING:
    from program import Server

X = {"x": np.array([[1, 2, 3], [4, 5, 6.5]], np.float32)}


@pytest.mark.parametrize(("part", "factor"), [("", 3.0), ("/versions/1", 2.0), ("/labels/canary", 3.0)])
def test_signatures_and_answers_are_those_of_the_server(all_models: Server, part: str, factor: float) -> None:
    endpoint = Endpoint(f"{all_models.url}/v1/models/times{part}", 30)
    name = "serving_default"
    assert endpoint.specs[name].inputs["x"].shape == (None, 3)
    (values,) = endpoint.run(name, X).values()
    np.testing.assert_array_equal(values, X["x"] * factor)
    total = endpoint.run("total", {"x": X["x"][:1]})
    assert {key: value.tolist() for key, value in total.items()} == {"sum": [6.0], "x2": [[2.0, 4.0, 6.0]]}


def test_values_that_are_no_numbers_pass_through_the_server(all_models: Server) -> None:
    endpoint = Endpoint(f"{all_models.url}/v1/models/times", 30)
    (values,) = endpoint.run("serving_default", {"x": np.array([[np.nan, np.inf, -np.inf]], np.float32)}).values()
    np.testing.assert_array_equal(values, [[np.nan, np.inf, -np.inf]])


def test_what_the_server_refuses_is_told_in_its_words(all_models: Server) -> None:
    endpoint = Endpoint(f"{all_models.url}/v1/models/times", 30)
    with pytest.raises(RunError, match="it answered 400, "):
        endpoint.run("serving_default", {"x": np.ones((1, 2), np.float32)})
