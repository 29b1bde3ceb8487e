"""Captured requests: what the server sends to Firehose, and what it counts."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from certificates import issue
from fake_aws import FakeAws, refused, taken, use
from program import start_fails
from tensorflow_optimizer.documents.captured_request import CapturedRequest
from test_grpc import request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from program import Server

    Start = Callable[..., Server]

STREAM = "--capture_stream_arn=arn:aws:firehose:eu-west-1:123456789012:deliverystream/captured"
ALL = (STREAM, "--capture_rate=1", "--drain_delay_in_seconds=0")
PREDICT = "/v1/models/times:predict"
SENT, DROPPED = "model_server:captured_requests", "model_server:dropped_captures"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    with FakeAws() as fake:
        use(monkeypatch, fake)
        yield fake


def end(server: Server) -> None:
    server.terminate()
    assert server.process.wait(60) == 0


def lost_at_the_end(server: Server) -> list[tuple[int, str]]:
    """Return the numbers of captured requests that the log says are lost, and the reasons."""
    return [(line["dropped_captures"], line["message"]) for line in server.log if "dropped_captures" in line]


def test_answered_requests_are_sent_with_their_answers_before_the_program_ends(aws: FakeAws, start: Start) -> None:
    with start("times", 2, *ALL) as server:
        bodies: list[Any] = [{"instances": [[1, 2, 3]]}, {"inputs": [[4, 5, 6]], "signature_name": "total"}]
        answers = [server.post(PREDICT, body).json() for body in bodies]
        end(server)
        assert lost_at_the_end(server) == []

    found = [CapturedRequest.model_validate(line) for line in aws.lines()]
    assert [(line.request, line.answer) for line in found] == list(zip(bodies, answers, strict=True))
    assert {(line.model_name, line.model_version) for line in found} == {("times", 2)}
    assert [line.signature_name for line in found] == ["serving_default", "total"]
    assert {(call["target"], call["DeliveryStreamName"]) for call in aws.calls} == {
        ("Firehose_20150804.PutRecordBatch", "captured")
    }
    assert "/eu-west-1/firehose/aws4_request" in aws.authorizations[0]


def test_requests_are_sent_while_the_server_serves(aws: FakeAws, start: Start) -> None:
    with start("times", 1, *ALL) as server:
        server.post(PREDICT, {"instances": [[1, 2, 3]]})
        server.wait_until(lambda: server.metric(SENT) == 1)
        assert [line["request"] for line in aws.lines()] == [{"instances": [[1, 2, 3]]}]
        assert server.metric(DROPPED) == 0


def test_a_grpc_request_is_captured_as_the_same_request_over_rest(aws: FakeAws, start: Start) -> None:
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    rows = np.array([[1, 2, 3], [4, 5, 6]], "float32")
    with start("times", 1, *ALL) as server:
        with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
            PredictionServiceStub(channel).Predict(request("times", x=rows), timeout=60)
        end(server)

    [line] = aws.lines()
    CapturedRequest.model_validate(line)
    assert line["request"] == {
        "signature_name": "serving_default",
        "inputs": {"x": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]},
    }
    assert line["answer"] == {"outputs": [[2.0, 4.0, 6.0], [8.0, 10.0, 12.0]]}


def test_values_of_a_named_input_are_null(aws: FakeAws, start: Start) -> None:
    with start("times", 1, *ALL, "--capture_redact=x") as server:
        server.post(PREDICT, {"instances": [{"x": [1, 2, 3]}], "secret": 1})
        end(server)

    assert [line["request"] for line in aws.lines()] == [{"instances": [{"x": None}]}]


def test_refused_requests_are_not_captured_and_those_without_a_line_are_counted(aws: FakeAws, start: Start) -> None:
    with start("times", 1, *ALL) as server:
        assert server.post(PREDICT, {"instances": [[1, 2]]}).status_code == 400
        assert server.get("/v1/models/times").status_code == 200
        server.post(PREDICT, b'{"instances": [[NaN, 2, 3]]}')
        server.post(PREDICT, {"instances": [[1, 2, 3]], "note": "x" * 200_000})
        server.wait_until(lambda: server.metric(DROPPED) == 2)
        assert [server.metric(DROPPED, reason=reason) for reason in ("not_json", "too_large")] == [1, 1]
        end(server)

    assert aws.calls == []


def test_refused_records_are_sent_again(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeAws(lambda call, records: refused(records) if call == 1 else taken(records)) as aws:
        use(monkeypatch, aws)
        with start("times", 1, *ALL) as server:
            server.post(PREDICT, {"instances": [[1, 2, 3]]})
            server.wait_until(lambda: server.metric(SENT) == 1)
        assert [call["Records"] for call in aws.calls] == [aws.calls[0]["Records"]] * 2


@pytest.mark.parametrize("trusted", ["its own", "another"])
def test_firehose_is_sent_nothing_if_its_certificate_is_not_trusted(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trusted: str
) -> None:
    for name in ("its own", "another"):
        (tmp_path / name).mkdir()
    certificates = {name: issue(tmp_path / name, "server") for name in ("its own", "another")}
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[trusted][0]))
    with FakeAws(certificate=certificates["its own"]) as aws:
        use(monkeypatch, aws)
        with start("times", 1, *ALL) as server:
            server.post(PREDICT, {"instances": [[1, 2, 3]]})
            end(server)
            is_refused = any("invalid peer certificate" in line.get("problem", "") for line in server.log)
    assert (len(aws.calls), is_refused) == ((1, False) if trusted == "its own" else (0, True))


@pytest.mark.fault
def test_what_firehose_never_takes_is_dropped_and_requests_are_answered(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = {"__type": "AccessDeniedException", "message": "not authorized to perform: firehose:PutRecordBatch"}
    with FakeAws(lambda *_: (400, denied)) as aws:
        use(monkeypatch, aws)
        with start("times", 1, *ALL) as server:
            assert server.post(PREDICT, {"instances": [[1, 2, 3]]}).status_code == 200
            server.wait_until(lambda: server.metric(DROPPED, reason="not_delivered") == 1)
            problems = [line for line in server.log if line["level"] == "WARN"]
            assert len(problems) == 1
            assert "firehose:PutRecordBatch" in json.dumps(problems)


@pytest.mark.fault
def test_what_is_not_sent_before_the_time_to_drain_is_over_is_counted_in_the_log(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def answer(_call: int, records: list[Any]) -> tuple[int, dict[str, Any]]:
        released.wait(60)
        return taken(records)

    with FakeAws(answer) as aws:
        use(monkeypatch, aws)
        with start("times", 1, *ALL, "--drain_timeout_in_seconds=1") as server:
            for _ in range(3):
                assert server.post(PREDICT, {"instances": [[1, 2, 3]]}).status_code == 200
            end(server)
            assert lost_at_the_end(server) == [
                (3, "captured requests are lost at the end: they were not sent within the time to drain")
            ]
        released.set()


def test_what_is_dropped_after_the_last_look_at_the_metrics_is_counted_in_the_log(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeAws(lambda *_: (400, {"__type": "AccessDeniedException"})) as aws:
        use(monkeypatch, aws)
        with start("times", 1, *ALL) as server:
            server.post(PREDICT, {"instances": [[1, 2, 3]]})
            server.wait_until(lambda: server.metric(DROPPED) == 1)
            server.post(PREDICT, {"instances": [[1, 2, 3]]})
            server.post(PREDICT, {"instances": [[4, 5, 6]]})
            end(server)
            assert lost_at_the_end(server) == [
                (2, "captured requests are lost at the end: they were dropped while the server drained")
            ]


def test_pod_identity_gives_the_credentials(
    aws: FakeAws, start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("pod-token")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{aws.url}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
    with start("times", 1, *ALL) as server:
        server.post(PREDICT, {"instances": [[1, 2, 3]]})
        end(server)

    assert aws.asked == [("GET", "/v1/credentials", "pod-token")]
    assert len(aws.lines()) == 1


def test_the_role_of_a_service_account_is_refused_in_place_of_the_nodes(
    aws: FakeAws, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.url)
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/digits")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token")
    with start("times", 1, *ALL) as server:
        server.post(PREDICT, {"instances": [[1, 2, 3]]})
        end(server)
        problems = [line["problem"] for line in server.log if "problem" in line]

    assert any("role/digits is the role of a service account (IRSA)" in problem for problem in problems), problems
    assert aws.asked == []


def test_an_instances_metadata_gives_the_credentials(
    aws: FakeAws, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.url)
    with start("times", 1, *ALL) as server:
        server.post(PREDICT, {"instances": [[1, 2, 3]]})
        end(server)

    assert {method for method, *_ in aws.asked} == {"PUT", "GET"}
    assert {token for method, _, token in aws.asked if method == "GET"} == {"imds-token"}
    assert len(aws.lines()) == 1


def test_an_unknown_input_to_redact_ends_the_start(command: list[str], models: Path) -> None:
    model = ["--model_name=times", f"--model_base_path={models / 'times'}", "--model_version=1"]
    problem = start_fails(command, [*model, *ALL, "--capture_redact=y"])
    assert "--capture_redact names 'y', which is no input of the model; it has 'x': correct capture.redact" in problem


def test_without_a_stream_nothing_is_sent_and_no_metric_is_there(aws: FakeAws, start: Start) -> None:
    with start("times", 1, "--drain_delay_in_seconds=0") as server:
        server.post(PREDICT, {"instances": [[1, 2, 3]]})
        assert "captur" not in server.get("/monitoring/prometheus/metrics").text
        end(server)
    assert aws.calls == []
