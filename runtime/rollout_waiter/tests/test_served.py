from __future__ import annotations

import pytest
from rollout_waiter.served import Served

PAGE = """\
# TYPE :tensorflow:serving:request_count counter
:tensorflow:serving:request_count{model_name="digits",status="OK"} 130
:tensorflow:serving:request_count{model_name="digits",status="INVALID_ARGUMENT"} 4
:tensorflow:serving:request_count{model_name="digits",status="INTERNAL"} 3
:tensorflow:serving:request_count{model_name="digits",status="UNAVAILABLE"} 0
# TYPE :tensorflow:serving:request_latency histogram
:tensorflow:serving:request_latency_bucket{API="predict",entrypoint="REST",model_name="digits",le="1000"} 90
:tensorflow:serving:request_latency_bucket{API="predict",entrypoint="REST",model_name="digits",le="2000"} 98
:tensorflow:serving:request_latency_bucket{API="predict",entrypoint="REST",model_name="digits",le="4000"} 100
:tensorflow:serving:request_latency_bucket{API="predict",entrypoint="REST",model_name="digits",le="+Inf"} 100
:tensorflow:serving:request_latency_count{API="predict",entrypoint="REST",model_name="digits"} 100
:tensorflow:serving:request_latency_bucket{API="",entrypoint="REST",model_name="digits",le="1000"} 0
:tensorflow:serving:request_latency_bucket{API="",entrypoint="REST",model_name="digits",le="+Inf"} 37
:tensorflow:serving:request_latency_count{API="",entrypoint="REST",model_name="digits"} 37
"""


def test_requests_of_probes_and_faults_of_clients_are_no_failures() -> None:
    served = Served.of(PAGE)

    assert served.requests == 100
    assert served.failed == {"INTERNAL": 3}
    assert served.errors == 3


def test_latency_is_interpolated_in_its_bucket_and_without_probes() -> None:
    served = Served.of(PAGE)

    assert served.latency_milliseconds(0.99) == pytest.approx(3.0)
    assert served.latency_milliseconds(0.5) == pytest.approx(0.5555, rel=0.01)


def test_latency_beyond_the_last_bucket_is_at_least_its_bound() -> None:
    page = PAGE.replace('le="4000"} 100', 'le="4000"} 98')

    assert Served.of(page).latency_milliseconds(0.99) == 4.0


def test_pods_are_added_up() -> None:
    served = Served.of(PAGE)
    both = served + Served.of(PAGE.replace("INTERNAL", "UNKNOWN"))

    assert (both.requests, both.failed) == (200, {"INTERNAL": 3, "UNKNOWN": 3})
    assert both.latency_milliseconds(0.99) == pytest.approx(served.latency_milliseconds(0.99))
    assert served + Served() == served


@pytest.mark.parametrize("page", ["", "<html>no metrics</html>"])
def test_server_that_answered_nothing_has_no_failures_and_no_latency(page: str) -> None:
    served = Served.of(page)

    assert (served.requests, served.errors, served.latency_milliseconds(0.99)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("failed", "requests", "allowed", "over", "ends"),
    [
        (0, 3, 0.0, True, False),
        (1, 3, 0.0, True, True),
        (1, 3, 0.0, False, False),  # further requests may make it a smaller share
        (1, 100, 0.01, True, False),
        (2, 100, 0.01, True, True),
        (1, 99, 0.01, True, True),
        (1, 2, 0.5, True, False),
    ],
)
def test_no_request_more_fails_than_max_error_rate_allows(
    failed: int, requests: int, allowed: float, over: bool, ends: bool
) -> None:
    served = Served(requests=requests, failed={"INTERNAL": failed} if failed else {})

    assert bool(served.excess(allowed, over=over)) is ends
