"""A model with variables answers every request as if it were the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from model_server import Model


def test_equal_requests_get_equal_answers(load_model: Callable[..., Model]) -> None:
    model = load_model("counter")
    assert [model.predict(None, {"step": [[2]]}) for _ in range(3)] == [{"total": [[2.0]]}] * 3


def test_rows_of_one_request_do_not_see_each_other(load_model: Callable[..., Model]) -> None:
    assert load_model("counter").predict(None, {"step": [[1], [5], [1]]}) == {"total": [[1.0], [5.0], [1.0]]}
