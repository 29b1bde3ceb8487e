"""Limits: the queue, bodies, time; and what answers while all workers are busy."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from program import Server

PATH = "/v1/models/slow:predict"
BODY = {"instances": [[1]]}


def slow_request(rows: int = 1) -> Any:
    import tensorflow as tf
    from tensorflow_serving.apis.predict_pb2 import PredictRequest

    message = PredictRequest()
    message.model_spec.name = "slow"
    message.inputs["x"].CopyFrom(tf.make_tensor_proto([[1.0]] * rows))
    return message


def test_health_metrics_and_status_answer_while_all_workers_are_busy(start: Callable[..., Server]) -> None:
    import grpc

    with start("slow", 1, "--workers=1", "--queue_size=64") as server, ThreadPoolExecutor(16) as clients:
        flood = [clients.submit(server.post, PATH, BODY) for _ in range(16)]
        server.wait_until(lambda: server.metric("model_server:queue_length", model_name="slow") >= 8)
        for path in ("/livez", "/readyz", "/v1/models/slow", "/v1/models/slow/metadata"):
            assert server.get(path).status_code == 200
        with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check", lambda _: b"", lambda answer: answer)
            assert check(None, timeout=60) == b"\x08\x01"
        assert server.metric("model_server:queue_length", model_name="slow") > 0, "the flood was over too soon"
        assert not all(request.done() for request in flood)
        assert [request.result().status_code for request in flood] == [200] * 16


def grpc_rows(server: Server, rows: int, name: str = "times", size: int = 3, *, repeated: bool = False) -> None:
    """Send so many rows, or a value that TensorFlow repeats, for which the time is limited."""
    import grpc
    from tensorflow_serving.apis.predict_pb2 import PredictRequest
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    message = PredictRequest()
    message.model_spec.name = name
    tensor = message.inputs["x"]
    tensor.dtype = 1
    for dimension in (rows, size):
        tensor.tensor_shape.dim.add().size = dimension
    tensor.float_val.extend([1.0] * (1 if repeated else rows * size))
    options = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(f"localhost:{server.grpc_port}", options) as channel:
        PredictionServiceStub(channel).Predict(message, timeout=60)


def rest_rows(server: Server, rows: int) -> None:
    body = b'{"instances": [' + b",".join([b"[1,2,3]"] * rows) + b"]}"
    assert server.post("/v1/models/times:predict", body).status_code == 200


@pytest.mark.parametrize("ask", [rest_rows, grpc_rows])
def test_a_large_request_does_not_hold_the_thread_that_computes_small_ones(
    start: Callable[..., Server], ask: Callable[[Server, int], None]
) -> None:
    queuing, computed = "model_server:queuing_latency_count", ":tensorflow:serving:runtime_latency_count"

    with start("times", 1, "--workers=1", "--io_threads=1") as server, ThreadPoolExecutor(1) as client:
        for _ in range(40):
            ask(server, 1)
        large = client.submit(ask, server, 1_000_000)
        page = ""

        def began() -> bool:
            nonlocal page
            page = server.get("/monitoring/prometheus/metrics").text
            return f'{queuing}{{model_name="times"}} 41' in page

        server.wait_until(began)
        [line] = [line for line in page.splitlines() if line.startswith(computed)]
        assert line.endswith(" 40"), "the page was answered while the request was computed"
        large.result()


def test_clients_of_a_fast_model_are_answered_or_refused_and_health_answers_between(
    start: Callable[..., Server],
) -> None:
    with start("times", 1, "--workers=1", "--io_threads=1", "--queue_size=1") as server:
        with ThreadPoolExecutor(16) as clients:

            def ask(number: int) -> int:
                answer = server.post("/v1/models/times:predict", {"instances": [[number, 0, 0]]})
                if answer.status_code == 200:
                    assert answer.json() == {"predictions": [[2.0 * number, 0.0, 0.0]]}
                return int(answer.status_code)

            asked = [clients.submit(ask, number) for number in range(1000)]
            while not all(request.done() for request in asked):
                assert server.get("/readyz").status_code == 200
            statuses = [request.result() for request in asked]
        assert set(statuses) | {200} <= {200, 503}
        assert server.metric(":tensorflow:serving:request_count", status="OK") == statuses.count(200)
        assert server.metric(":tensorflow:serving:request_count", status="UNAVAILABLE") == statuses.count(503)
        assert server.metric("model_server:queue_length") == 0


@pytest.mark.fault
def test_a_full_queue_refuses_at_once_over_both_interfaces(start: Callable[..., Server]) -> None:
    import grpc
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    with start("slow", 1, "--workers=1", "--queue_size=2") as server, ThreadPoolExecutor(24) as clients:
        with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
            predict = PredictionServiceStub(channel).Predict
            answers = [clients.submit(server.post, PATH, BODY) for _ in range(12)]
            calls = [predict.future(slow_request(), timeout=60) for _ in range(12)]
            statuses = [answer.result().status_code for answer in answers]
            assert all(
                ("Retry-After" in answer.result().headers) == (answer.result().status_code == 503) for answer in answers
            )
            codes = [call.code() for call in calls]
        assert set(statuses) | {200} == {200, 503}
        assert set(codes) | {grpc.StatusCode.OK} == {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
        answered = statuses.count(200) + codes.count(grpc.StatusCode.OK)
        assert 3 <= answered < 24
        assert server.metric(":tensorflow:serving:request_count", status="UNAVAILABLE") == 24 - answered
        # It recovers.
        assert server.post(PATH, BODY).status_code == 200


@pytest.mark.fault
def test_a_busy_model_starves_no_other(command: list[str], models: Path, tmp_path: Path) -> None:
    import grpc
    from program import Server
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    policy = "model_version_policy { specific { versions: 1 } }"
    configs = [f'config {{ name: "{name}" base_path: "{models / name}" {policy} }}' for name in ("slow", "times")]
    (tmp_path / "models.config").write_text(f"model_config_list {{ {' '.join(configs)} }}")
    flags = [f"--model_config_file={tmp_path / 'models.config'}", "--workers=1", "--io_threads=1", "--queue_size=2"]
    flags.append("--rest_api_timeout_in_ms=600000")
    with Server(command, tmp_path, flags) as server:
        with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
            predict = PredictionServiceStub(channel).Predict
            # Each would take minutes: the one copy and the queue are full to the end.
            busy = [predict.future(slow_request(rows=10_000), timeout=600) for _ in range(3)]
            server.wait_until(lambda: server.metric("model_server:queue_length", model_name="slow") == 2)
            assert server.post(PATH, BODY).status_code == 503
            for number in range(50):
                body = json.dumps({"instances": [[number, 0, 0]]}).encode()
                # A body that is zipped is read and computed by a thread of the model's own.
                for data, headers in ((body, {}), (gzip.compress(body), {"Content-Encoding": "gzip"})):
                    answer = server.post("/v1/models/times:predict", data, headers=headers)
                    assert (answer.status_code, answer.json()) == (200, {"predictions": [[2.0 * number, 0.0, 0.0]]})
            assert not any(call.done() for call in busy)
            assert server.post(PATH, BODY).status_code == 503
            for call in busy:
                call.cancel()
        server.wait_until(lambda: server.metric("model_server:queue_length", model_name="slow") == 0)
        assert server.post(PATH, BODY).status_code == 200


@pytest.mark.fault
def test_a_request_that_takes_too_long_is_abandoned_and_the_worker_continues(start: Callable[..., Server]) -> None:
    import grpc
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    with start("slow", 1, "--workers=1", "--rest_api_timeout_in_ms=1") as server:
        answer = server.post(PATH, BODY)
        assert (answer.status_code, list(answer.json())) == (504, ["error"])
        channel = grpc.insecure_channel(f"localhost:{server.grpc_port}")
        with channel, pytest.raises(grpc.RpcError) as caught:
            PredictionServiceStub(channel).Predict(slow_request(), timeout=60)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert server.metric(":tensorflow:serving:request_count", status="DEADLINE_EXCEEDED") == 2
        assert server.get("/v1/models/slow/metadata").status_code == 200


def test_the_clients_deadline_counts_over_grpc(start: Callable[..., Server]) -> None:
    import grpc
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    with start("slow", 1, "--workers=1") as server:
        with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=60)
            with pytest.raises(grpc.RpcError) as caught:
                PredictionServiceStub(channel).Predict(slow_request(), timeout=0.005)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.fault
def test_requests_without_a_waiting_client_are_not_computed(start: Callable[..., Server]) -> None:
    with start("slow", 1, "--workers=1", "--queue_size=100") as server:
        connections = []
        for _ in range(20):
            connection = http.client.HTTPConnection("localhost", server.rest_port)
            connection.request("POST", PATH, '{"instances": [[1]]}')
            connections.append(connection)
        server.wait_until(lambda: server.metric("model_server:queue_length") >= 10)
        for connection in connections:
            connection.close()
        server.wait_until(lambda: server.metric("model_server:queue_length") == 0)
        assert server.metric(":tensorflow:serving:runtime_latency_count", model_name="slow") <= 12


@pytest.mark.fault
def test_the_rows_of_a_request_without_a_waiting_client_are_not_computed(start: Callable[..., Server]) -> None:
    import grpc
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    with start("slow", 1, "--workers=1") as server:
        with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=60)
            with pytest.raises(grpc.RpcError) as caught:
                # All of them would take longer than the next client waits.
                PredictionServiceStub(channel).Predict(slow_request(rows=1000), timeout=1)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert server.post(PATH, BODY).status_code == 200


@pytest.mark.fault
def test_an_answer_that_would_fill_the_memory_is_refused_before_it_is_computed(start: Callable[..., Server]) -> None:
    import grpc

    with start("wide", 1) as server:
        with pytest.raises(grpc.RpcError) as caught:
            grpc_rows(server, 16_000_000, "wide", 1, repeated=True)
        assert caught.value.code() == grpc.StatusCode.OUT_OF_RANGE
        assert caught.value.details() == (
            "the answer could take 64000000161 bytes, of which this server writes 67108864 at most; send fewer rows"
        )
        path = "/v1/models/wide:predict"
        answer = server.post(path, b'{"instances": [' + b",".join([b"[1]"] * 1_000_000) + b"]}")
        assert (answer.status_code, list(answer.json())) == (413, ["error"])
        assert server.post(path, BODY).json() == {"predictions": [[1.0] * 1000]}


def test_a_body_is_unzipped_by_a_thread_that_computes(start: Callable[..., Server]) -> None:
    """Thousands of times as much can come of it, while the threads with connections answer others."""
    with start("times", 1, "--max_request_bytes=100000") as server:
        zipped = gzip.compress(b" " * 100_001)
        assert server.post("/v1/models/times:predict", zipped, headers={"Content-Encoding": "gzip"}).status_code == 413
        assert server.metric("model_server:queuing_latency_count", model_name="times") == 1


@pytest.mark.fault
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_refused(start: Callable[..., Server], announced: bool) -> None:
    with start("times", 1, "--max_request_bytes=1000") as server:
        body = b'{"instances": [[1, 2, 3]]' + b" " * 1_000_000 + b"}"
        parts = body if announced else iter([body[:500], body[500:]])
        import requests

        answer = requests.post(f"{server.url}/v1/models/times:predict", data=parts, timeout=60)
        assert (answer.status_code, list(answer.json())) == (413, ["error"])
        assert server.post("/v1/models/times:predict", {"instances": [[1, 2, 3]]}).status_code == 200


def test_a_message_that_is_too_large_is_refused(start: Callable[..., Server]) -> None:
    import grpc

    with start("times", 1, "--max_request_bytes=1000") as server:
        with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
            name = "/tensorflow.serving.PredictionService/Predict"
            predict = channel.unary_unary(name, lambda size: b"\x00" * size, lambda answer: answer)
            with pytest.raises(grpc.RpcError) as caught:
                predict(2000, timeout=60)
        assert caught.value.code() == grpc.StatusCode.OUT_OF_RANGE


@pytest.mark.fault
def test_the_server_does_not_wait_for_a_client_that_does_not_send_its_body(start: Callable[..., Server]) -> None:
    with start("times", 1, "--rest_api_timeout_in_ms=200") as server:
        connection = http.client.HTTPConnection("localhost", server.rest_port, timeout=60)
        connection.putrequest("POST", "/v1/models/times:predict")
        connection.putheader("Content-Length", "100")
        connection.endheaders(b"{")
        assert connection.getresponse().status == 408
        connection.close()


def test_the_memory_limits_the_number_of_copies(start: Callable[..., Server]) -> None:
    with start("times", 1, "--workers=3") as server:
        server.wait_until(lambda: server.says("all copies compiled"))
        assert server.metric("model_server:compiled_copies", model_name="times") == 3
    with start("times", 1, "--workers=3", "--memory_limit_in_mib=1") as server:
        server.wait_until(lambda: server.says("all copies compiled"))
        assert server.says("no memory for a further copy")
        assert server.metric("model_server:compiled_copies", model_name="times") == 1
        assert server.post("/v1/models/times:predict", {"instances": [[1, 2, 3]]}).status_code == 200


def test_many_clients_of_many_copies_get_their_own_answers(start: Callable[..., Server]) -> None:
    with start("times", 2, "--workers=4") as server, ThreadPoolExecutor(16) as clients:

        def ask(number: int) -> bool:
            answer = server.post("/v1/models/times:predict", {"instances": [[number, 0, -number]]})
            return bool(answer.json() == {"predictions": [[3.0 * number, 0.0, -3.0 * number]]})

        assert all(clients.map(ask, range(2000)))
        assert server.metric(":tensorflow:serving:request_count", status="OK") == 2000


@pytest.mark.fault
def test_a_slow_reader_does_not_hold_a_worker(start: Callable[..., Server]) -> None:
    with start("times", 1, "--workers=1") as server:
        stuck = http.client.HTTPConnection("localhost", server.rest_port)
        rows = ",".join(["[1,2,3]"] * 200_000)
        stuck.request("POST", "/v1/models/times:predict", f'{{"instances": [{rows}]}}')
        server.wait_until(lambda: server.metric(":tensorflow:serving:runtime_latency_count") == 1)
        time.sleep(0.1)
        assert server.post("/v1/models/times:predict", {"instances": [[1, 2, 3]]}).status_code == 200
        stuck.close()
