"""Reports of a pod that cannot start, in kubelet's words."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from embedded_aws.eks.certificates import make_certificates
from embedded_aws.eks.image_pull import pull_problem
from embedded_aws.eks.kubelet_api import KubeletApi
from embedded_aws.eks.pod_events import Events, warnings_of
from embedded_aws.eks.pod_state import Ended, PodState, status_of

if TYPE_CHECKING:
    from pathlib import Path

POD: dict[str, Any] = {
    "metadata": {"name": "digits-a", "namespace": "models", "uid": "u1"},
    "spec": {
        "nodeName": "node-a",
        "initContainers": [
            {"name": "copy", "image": "i"},
            {"name": "verify", "image": "i", "terminationMessagePolicy": "FallbackToLogsOnError"},
            {"name": "after", "image": "i"},
        ],
        "containers": [{"name": "server", "image": "i"}],
    },
}
CRASHED = PodState(
    False,
    "CrashLoopBackOff",
    "back-off 5s",
    initialized=False,
    restarts=3,
    container="verify",
    ended=Ended(1, "a.pb: FAILED"),
)


def test_init_container_that_crashes_waits_with_its_last_end_and_log_and_those_after_it_have_not_begun() -> None:
    status = status_of(POD, CRASHED)

    copy, verify, after = status["initContainerStatuses"]
    assert copy["state"]["terminated"]["exitCode"] == 0
    assert verify["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5s"}}
    assert verify["restartCount"] == 3
    last = verify["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"], last["message"]) == (1, "Error", "a.pb: FAILED")
    assert after["state"] == {"waiting": {"reason": "PodInitializing"}}
    (server,) = status["containerStatuses"]
    assert server["state"] == {"waiting": {"reason": "PodInitializing"}}
    assert status["phase"] == "Pending"


def test_log_is_in_the_status_only_if_the_container_requests_it() -> None:
    crashed = PodState(False, "CrashLoopBackOff", container="server", ended=Ended(139, "trace"))

    (server,) = status_of(POD, crashed)["containerStatuses"]

    assert server["lastState"]["terminated"]["exitCode"] == 139
    assert "message" not in server["lastState"]["terminated"]


@pytest.mark.parametrize(
    ("state", "reason", "message"),
    [
        (CRASHED, "BackOff", "Back-off restarting failed container verify in pod digits-a_models(u1)"),
        (
            PodState(False, unhealthy="HTTP probe failed with statuscode: 503"),
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
        ),
        (PodState(False, "ErrImagePull", "no such host"), "Failed", "no such host"),
        (PodState(False, "ContainerCreating", "the claim is not bound"), "FailedMount", "the claim is not bound"),
    ],
)
def test_a_reason_that_keeps_a_pod_from_starting_is_an_event(state: PodState, reason: str, message: str) -> None:
    first, *_ = warnings_of(POD, state)

    assert first[0] == reason
    assert message in first[1]


def test_pod_that_starts_or_is_ready_gives_no_event() -> None:
    assert warnings_of(POD, PodState(False, "ContainerCreating", initialized=False)) == []
    assert warnings_of(POD, PodState(True)) == []


def test_repeated_event_is_counted() -> None:
    asked: list[tuple[str, str, Any]] = []

    class Plane:
        def request(self, method: str, path: str, body: Any, *_: str) -> None:
            asked.append((method, path, body))

    plane: Any = Plane()
    events = Events(plane)
    events.tell(POD, CRASHED)
    events.tell(POD, CRASHED)

    (post, made_at, event), (patch, path, again) = asked
    assert (post, patch, again["count"]) == ("POST", "PATCH", 2)
    assert (made_at, event["involvedObject"]["name"]) == ("/api/v1/namespaces/models/events", "digits-a")
    assert path == f"{made_at}/{event['metadata']['name']}"
    assert json.loads(json.dumps(event))["type"] == "Warning"


@pytest.mark.parametrize(
    "image", ["tensorflow/serving:2.20.0", "123.dkr.ecr.eu-west-1.amazonaws.com/a/b@sha256:" + "0" * 64]
)
def test_image_in_a_registry_that_may_exist_is_accepted(image: str) -> None:
    assert pull_problem(image) is None


def test_image_that_no_machine_could_pull_is_refused_as_kubelet_does() -> None:
    image = "registry.invalid/serving:1"

    first = pull_problem(image)
    assert first is not None
    assert first[0] == "ErrImagePull"
    assert "lookup registry.invalid: no such host" in first[1]
    second = pull_problem(image, first[0])
    assert second is not None
    assert second[0] == "ImagePullBackOff"
    assert second[1].startswith('Back-off pulling image "registry.invalid/serving:1"')
    assert pull_problem("Not A Name")[0] == "InvalidImageName"  # type: ignore[index]  # None would fail the test too


def test_logs_are_served_where_the_api_server_requests_them(tmp_path: Path) -> None:
    make_certificates(tmp_path / "pki")
    logs = {("models", "digits-a", "verify", True): "one\ntwo\nthree\n"}
    api = KubeletApi(tmp_path / "pki", lambda *names: logs.get(names))
    api.start()
    context = ssl.create_default_context(cafile=str(tmp_path / "pki" / "ca.crt"))

    def get(path: str) -> str:
        address = f"https://127.0.0.1:{api.port}/containerLogs/{path}"
        with urllib.request.urlopen(address, context=context) as answer:
            return str(answer.read().decode())

    try:
        assert get("models/digits-a/verify?previous=true&tailLines=2") == "two\nthree\n"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get("models/digits-a/verify")
    finally:
        api.stop()
