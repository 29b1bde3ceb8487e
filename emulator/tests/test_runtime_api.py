"""The Runtime API of an execution environment."""

from __future__ import annotations

import json
import socket
import urllib.request
from socketserver import StreamRequestHandler
from typing import TYPE_CHECKING

from embedded_aws.awslambda.runtime_api import RuntimeApi

if TYPE_CHECKING:
    import pytest


def test_an_event_is_sent_without_a_wait_for_the_acknowledgement_of_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    immediate: list[int] = []
    setup = StreamRequestHandler.setup

    def recording(handler: StreamRequestHandler) -> None:
        setup(handler)
        immediate.append(handler.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(StreamRequestHandler, "setup", recording)
    api = RuntimeApi(lambda _: None)
    try:
        api.offer({"instances": [1]}, {"request_id": "1", "timeout_ms": 3000, "invoked_function_arn": "arn"})
        with urllib.request.urlopen(f"http://{api.address}/2018-06-01/runtime/invocation/next") as answer:
            assert json.load(answer) == {"instances": [1]}
    finally:
        api.close()
    assert immediate
    assert all(immediate)
