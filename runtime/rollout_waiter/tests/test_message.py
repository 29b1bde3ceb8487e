from __future__ import annotations

import pods
import pytest
from rollout_waiter.faults import Fault, faults_of
from rollout_waiter.message import LIMIT, failure_message, shorten_log


def message(faults: list[Fault]) -> str:
    return failure_message(faults, "models/digits", "0 of 3 new pods were available after 840 s", "More: log group /x")


def message_of(*all_pods: pods.Object, events: list[pods.Object] | None = None) -> str:
    return message(faults_of(list(all_pods), events or [], pods.replica_set(), pods.deployment()))


@pytest.mark.fault
def test_flipped_byte_is_reported_with_the_message_of_the_check() -> None:
    assert message_of(*(pods.refused(name) for name in "abc")) == (
        "verify-model ends with exit code 1, CrashLoopBackOff (3 pods). Its log ends:\n"
        "variables/variables.data-00000-of-00001: FAILED\n"
        "sha256sum: WARNING: 1 computed checksum did NOT match\n"
        "models/digits: 0 of 3 new pods were available after 840 s. More: log group /x"
    )


def test_crash_of_the_server_is_reported_with_its_last_lines() -> None:
    failed = "Failed to start server. Error: Unknown: 1 servable(s)"
    log = f"I tensorflow_serving/server.cc] Building\nE tensorflow_serving/main.cc] {failed}"

    told = message_of(pods.crashing(code=255, log=log))

    assert told.startswith("tensorflow-serving ends with exit code 255, CrashLoopBackOff. Its log ends:\n")
    assert failed in told


@pytest.mark.fault
def test_container_that_used_too_much_memory_names_the_property() -> None:
    told = message_of(pods.crashing(code=137, reason="OOMKilled"))

    assert told.startswith("tensorflow-serving ends with exit code 137, OOMKilled, CrashLoopBackOff: ")
    assert "memoryLimit" in told


@pytest.mark.parametrize(
    ("pod", "events"),
    [
        (pods.unpullable(), []),
        (pods.unpullable(reason="ErrImagePull", message=pods.PULL), []),
        # kubelet before 1.32 reports the cause in an event only.
        (
            pods.unpullable(message='Back-off pulling image "tensorflow/serving:9.9.9"'),
            [pods.event("Failed", f'Failed to pull image "tensorflow/serving:9.9.9": {pods.PULL}')],
        ),
    ],
)
def test_image_that_cannot_be_pulled_is_named_with_the_registrys_answer(
    pod: pods.Object, events: list[pods.Object]
) -> None:
    told = message_of(pod, events=events)

    assert told.startswith("the image tensorflow/serving:9.9.9 of verify-model cannot be pulled (")
    assert "docker.io/tensorflow/serving:9.9.9: not found" in told


@pytest.mark.fault
def test_pull_that_the_registrys_limit_refuses_names_the_ways_around_it() -> None:
    said = (
        "failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/: "
        "429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit"
    )
    told = message_of(pods.unpullable(reason="ErrImagePull", message=said))

    assert "the registry refuses more pulls for now (429)" in told
    assert "ServingImage.fromEcrRepository(…)" in told
    assert "ModelServer.LITERT" in told
    assert "ECR" not in message_of(pods.unpullable()), "another reason has other ways out"


@pytest.mark.fault
def test_pod_without_a_node_is_reported_with_the_schedulers_message() -> None:
    assert message_of(pods.unschedulable()).startswith(
        "no node takes the pod (Unschedulable): 0/3 nodes are available: 3 Insufficient memory."
    )


def test_readiness_that_is_never_true_is_reported_with_the_probes_last_answer() -> None:
    events = [
        pods.event(
            "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404", at="2026-11-25T21:05:00Z"
        ),
        pods.event("Unhealthy", 'Startup probe failed: Get "http://10.0.1.7:8501/v1": connection refused'),
        pods.event("Unhealthy", "Readiness probe failed: of another pod", name="other", at="2026-11-25T21:06:00Z"),
    ]

    answer = "Readiness probe failed: HTTP probe failed with statuscode: 404 (Unhealthy)"
    assert message_of(pods.unready(), events=events).startswith(f"tensorflow-serving runs and is not ready: {answer}")


def test_pods_with_one_fault_are_counted_together_even_if_their_addresses_differ() -> None:
    events = [
        pods.event("Unhealthy", f'Readiness probe failed: Get "http://10.0.1.{number}:8501/": refused', name=name)
        for number, name in enumerate("abc")
    ]

    assert "(3 pods)" in message_of(*(pods.unready(name) for name in "abc"), events=events)


def test_volume_that_is_not_mounted_is_reported_from_its_event() -> None:
    starting = pods.container("copy-model", pods.waiting("PodInitializing"))
    pod = pods.pod(pods.NAME, init=[starting], main=[pods.NOT_YET])

    told = message_of(pod, events=[pods.event("FailedMount", 'MountVolume.SetUp failed for volume "model"')])

    assert told.startswith('the pod does not start: MountVolume.SetUp failed for volume "model" (FailedMount)')


def test_pods_that_may_not_be_created_are_reported_with_the_refusal() -> None:
    refusal = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": 'pods "digits-" is forbidden: exceeded quota: models',
    }

    told = message(faults_of([], [], pods.replica_set(conditions=[refusal]), pods.deployment(refusal)))

    assert told.startswith(
        'Kubernetes makes no pod (FailedCreate): pods "digits-" is forbidden: exceeded quota: models'
    )


def test_load_balancer_that_does_not_accept_a_pod_is_reported_from_its_readiness_gate() -> None:
    gate = "target-health.eks.amazonaws.com/k8s-models-digits"
    pod = pods.available()
    pod["spec"]["readinessGates"] = [{"conditionType": gate}]
    pod["status"]["conditions"][-1]["status"] = "False"
    pod["status"]["conditions"].append(
        {"type": gate, "status": "False", "reason": "Target.FailedHealthChecks", "message": "Health checks failed"}
    )

    assert message_of(pod).startswith(f"the pod's readiness gate {gate} is not met (Target.FailedHealthChecks): Health")


def test_different_faults_are_all_reported_each_with_its_pod() -> None:
    told = message_of(pods.unschedulable("a"), pods.unpullable("b"))

    assert "no node takes the pod (Unschedulable)" in told
    assert "the image tensorflow/serving:9.9.9 of verify-model cannot be pulled" in told
    assert "(a)" in told
    assert "(b)" in told


def test_permanent_faults_come_before_those_that_may_recover() -> None:
    crashed = pods.crashing("b", restarts=6)

    assert message_of(pods.unready("a"), pods.unready("c"), crashed).startswith("tensorflow-serving ends with")


def test_pod_that_serves_or_is_being_deleted_is_not_a_fault() -> None:
    leaving = pods.crashing("leaving")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-25T21:00:00Z"

    assert faults_of([pods.available("a"), leaving], [], pods.replica_set(1), pods.deployment()) == []


def test_message_fits_and_keeps_first_words_last_lines_of_the_log_and_the_place_of_the_rest() -> None:
    log = "\n".join(f"line {number} {'x' * 90}" for number in range(100))
    crashed = pods.crashing("a", code=2, log=log, restarts=9)
    many = [crashed, pods.unschedulable("b"), pods.unpullable("c"), pods.refused("d")]

    told = message_of(*many)

    assert len(told) <= LIMIT
    assert "line 99" in told
    assert "line 50" not in told
    assert told.endswith("More: log group /x")


def test_log_of_one_endless_line_is_cut() -> None:
    assert shorten_log("x" * 5000, 100) == "x" * 99 + "…"
    assert shorten_log("\n\n  \n") == ""
