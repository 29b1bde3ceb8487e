"""The waiting function's requests: to EKS, to a Kubernetes API by HTTPS, and to CloudFormation."""

from __future__ import annotations

import base64
import http.server
import json
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pods
import pytest
from cdk_tensorflow_shared.cloudformation_response import respond
from moto import mock_aws
from rollout_waiter import cluster as module
from rollout_waiter.cluster import Cluster, ClusterError
from rollout_waiter.handler import handler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Server:
    """Answers what a test puts in, and keeps what it was asked."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, tuple[int, str]] = {}
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.missing_bytes = 0
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                owner.asked.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
                code, body = owner.answers.get(urlsplit(self.path).path, (404, '{"message": "not found"}'))
                self.send_response(code)
                self.send_header("Content-Length", str(len(body.encode()) + owner.missing_bytes))
                self.end_headers()
                self.wfile.write(body.encode())

            do_PUT = do_GET  # noqa: N815 - the name that http.server calls

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates as those of EKS: without the identifier of the authority's key, which Python 3.13 asks for."""
    directory = tmp_path_factory.mktemp("pki")
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=none\n")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=ca",
        "req -newkey rsa:2048 -nodes -keyout key -out csr -subj /CN=api",
        "x509 -req -in csr -out crt -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names",
    ):
        subprocess.run(["openssl", *command.split()], cwd=directory, check=True, capture_output=True)
    return directory


@pytest.fixture
def api(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A Kubernetes API, and EKS that knows it."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/rollouts",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "crt", certificate / "key")
    server = Server(context)
    authority = base64.b64encode((certificate / "ca.crt").read_bytes()).decode()
    described = {"cluster": {"endpoint": f"https://{server.address}", "certificateAuthority": {"data": authority}}}
    with mock_aws():
        session = module.boto3.session.Session()

        class Session:
            region_name, events = session.region_name, session.events
            get_credentials = staticmethod(session.get_credentials)

            def client(self, name: str, **options: Any) -> Any:
                if name != "eks":
                    return session.client(name, **options)
                return type("Eks", (), {"describe_cluster": staticmethod(lambda name: described)})

        monkeypatch.setattr(module.boto3.session, "Session", Session)
        yield server
    server.close()


PODS = "/api/v1/namespaces/models/pods"


def test_a_request_carries_the_token_that_eks_accepts(api: Server) -> None:
    api.answers[PODS] = (200, json.dumps({"items": [{"metadata": {"name": "a"}}]}))

    assert Cluster("digits").items(PODS, labelSelector="a=b,c=d") == [{"metadata": {"name": "a"}}]

    ((_, path, headers, _),) = api.asked
    assert parse_qs(urlsplit(path).query) == {"labelSelector": ["a=b,c=d"]}
    token = headers["Authorization"].removeprefix("Bearer k8s-aws-v1.")
    url = urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    query = parse_qs(url.query)
    assert (url.scheme, url.hostname) == ("https", "sts.eu-west-1.amazonaws.com")
    assert query["Action"] == ["GetCallerIdentity"]
    assert query["X-Amz-Expires"] == ["60"]
    assert "x-k8s-aws-id" in query["X-Amz-SignedHeaders"][0].split(";")


@pytest.mark.fault
def test_a_foreign_certificate_is_refused(api: Server) -> None:
    other = Cluster("digits")
    other._connect()
    other._context = ssl.create_default_context()

    with pytest.raises(ClusterError, match="certificate verify failed"):
        other.items(PODS)


def test_a_refusal_has_the_api_servers_message_and_a_missing_object_is_none(api: Server) -> None:
    api.answers[PODS] = (403, json.dumps({"message": 'pods is forbidden: User "x" cannot list resource "pods"'}))
    cluster = Cluster("digits")

    with pytest.raises(ClusterError, match=r"answered 403 for .*/pods: pods is forbidden"):
        cluster.items(PODS)
    assert cluster.find("/apis/apps/v1/namespaces/models/deployments/digits") is None


@pytest.mark.fault
def test_a_response_that_breaks_off_is_an_error_of_the_api_server(api: Server) -> None:
    api.answers[PODS] = (200, '{"items": []}')
    api.missing_bytes = 1

    with pytest.raises(ClusterError, match="was not reached: IncompleteRead"):
        Cluster("digits").items(PODS)


def test_an_unavailable_log_is_empty(api: Server) -> None:
    api.answers[f"{PODS}/a/log"] = (200, "last words")
    api.answers[f"{PODS}/b/log"] = (400, '{"message": "container is waiting to start"}')
    cluster = Cluster("digits")

    assert cluster.log("models", "a", "server", previous=True) == "last words"
    assert parse_qs(urlsplit(api.asked[-1][1]).query)["previous"] == ["true"]
    assert cluster.log("models", "b", "server", previous=False) == ""


@pytest.fixture
def cloudformation() -> Iterator[Server]:
    server = Server()
    server.answers["/answer"] = (200, "")
    yield server
    server.close()


class Context:
    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 31_000


def event(cloudformation: Server, **changed: Any) -> dict[str, Any]:
    return {
        "RequestType": "Create",
        "ResponseURL": f"http://{cloudformation.address}/answer?signature=x",
        "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/1",
        "RequestId": "r",
        "LogicalResourceId": "Rollout",
        "ResourceProperties": {
            "ClusterName": "digits",
            "Namespace": "models",
            "Name": "digits",
            "Selector": "a=b",
            "Replicas": "1",
            "TimeoutSeconds": "840",
        },
        **changed,
    }


def answer(cloudformation: Server) -> dict[str, Any]:
    ((method, path, headers, body),) = cloudformation.asked
    assert (method, path, headers["Content-Type"]) == ("PUT", "/answer?signature=x", "")
    found: dict[str, Any] = json.loads(body)
    return found


def test_cloudformation_gets_the_reason(api: Server, cloudformation: Server) -> None:
    api.answers["/apis/apps/v1/namespaces/models/replicasets"] = (200, json.dumps({"items": [pods.replica_set()]}))
    api.answers["/apis/apps/v1/namespaces/models/deployments/digits"] = (200, json.dumps(pods.deployment()))
    api.answers["/api/v1/namespaces/models/events"] = (200, '{"items": []}')
    api.answers[PODS] = (200, json.dumps({"items": [pods.refused()]}))

    handler(event(cloudformation), Context())

    told = answer(cloudformation)
    assert told["Status"] == "FAILED"
    assert told["Reason"].startswith("verify-model ends with exit code 1")
    assert "1 computed checksum did NOT match" in told["Reason"]
    assert told["Reason"].endswith("More: log group /rollouts")


def test_success_has_an_id_that_later_requests_keep(api: Server, cloudformation: Server) -> None:
    api.answers["/apis/apps/v1/namespaces/models/replicasets"] = (200, json.dumps({"items": [pods.replica_set(1)]}))

    handler(event(cloudformation), Context())
    first = answer(cloudformation)
    cloudformation.asked.clear()
    handler(event(cloudformation, RequestType="Update", PhysicalResourceId=first["PhysicalResourceId"]), Context())

    assert first["Status"] == "SUCCESS"
    assert answer(cloudformation)["PhysicalResourceId"] == first["PhysicalResourceId"]


def test_deletion_is_answered_at_once_without_a_request(api: Server, cloudformation: Server) -> None:
    handler(event(cloudformation, RequestType="Delete", PhysicalResourceId="p"), Context())

    assert (answer(cloudformation)["Status"], api.asked) == ("SUCCESS", [])


@pytest.mark.fault
def test_even_an_error_in_the_gate_itself_is_answered(api: Server, cloudformation: Server) -> None:
    broken = event(cloudformation)
    del broken["ResourceProperties"]["Selector"]

    handler(broken, Context())

    assert answer(cloudformation)["Reason"].startswith("the function that watches the rollout has a fault: KeyError")


def test_a_long_reason_is_cut_to_the_size_that_cloudformation_accepts(cloudformation: Server) -> None:
    respond(event(cloudformation), "p", reason="first ü\x1b[1m\ud800" * 1000)

    ((_, _, _, body),) = cloudformation.asked
    assert 3000 < len(body) <= 4096
    assert json.loads(body)["Reason"].startswith("first ü\x1b[1m?first")
