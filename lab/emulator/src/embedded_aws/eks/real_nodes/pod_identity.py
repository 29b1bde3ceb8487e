"""EKS Pod Identity: the webhook that changes pods, and the agent that gives their containers credentials."""

from __future__ import annotations

import base64
import json
import ssl
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from embedded_aws.eks.real_nodes.network import GATEWAY, POD_IDENTITY, Network
from embedded_aws.eks.real_nodes.registry import serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.eks.control_plane import ControlPlane

_AUDIENCE = "pods.eks.amazonaws.com"
_VOLUME = "eks-pod-identity-token"
_DIRECTORY = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
_CREDENTIALS = f"http://{POD_IDENTITY}/v1/credentials"


def patch(pod: dict[str, Any], variables: dict[str, str], *, with_role: bool) -> list[dict[str, Any]]:
    """Return the JSON patch of a new pod.

    Args:
        pod: as its creator wants it.
        variables: for every container, where it does not set them itself.
        with_role: whether an association gives its service account a role.
    """
    operations: list[dict[str, Any]] = []
    if with_role:
        token = {"audience": _AUDIENCE, "expirationSeconds": 86400, "path": _VOLUME}
        volume = {"name": _VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}
        operations.append(_append(pod["spec"], "/spec", "volumes", volume))
        variables = {
            **variables,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": _CREDENTIALS,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": f"{_DIRECTORY}/{_VOLUME}",
        }
    for kind in ("initContainers", "containers"):
        for index, container in enumerate(pod["spec"].get(kind, [])):
            path = f"/spec/{kind}/{index}"
            named = {variable["name"] for variable in container.get("env", [])}
            wanted = [{"name": name, "value": value} for name, value in variables.items() if name not in named]
            operations.append({"op": "add", "path": f"{path}/env", "value": [*container.get("env", []), *wanted]})
            if with_role:
                mount = {"name": _VOLUME, "mountPath": _DIRECTORY, "readOnly": True}
                operations.append(_append(container, path, "volumeMounts", mount))
    return operations


def _append(owner: dict[str, Any], path: str, key: str, item: dict[str, Any]) -> dict[str, Any]:
    return {"op": "add", "path": f"{path}/{key}", "value": [*owner.get(key, []), item]}


class PodIdentity:
    """The webhook and the agent of a cluster."""

    def __init__(
        self,
        plane: ControlPlane,
        network: Network,
        variables: dict[str, str],
        role_of: Callable[[str, str], str | None],
        assume: Callable[[str], dict[str, str]],
    ) -> None:
        """Begins to answer; nobody asks yet.

        Args:
            plane: of the cluster.
            network: of the nodes.
            variables: with which a container finds the embedded AWS.
            role_of: the role that an association gives a namespace's service account.
            assume: gives the variables with a role's credentials.
        """
        self._plane, self._variables, self._role_of, self._assume = plane, variables, role_of, assume
        identity = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                status, answer = identity.credentials(self.headers.get("Authorization", ""))
                self._send(status, answer)

            def do_POST(self) -> None:
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._send(200, identity.review(review))

            def _send(self, status: int, answer: dict[str, Any]) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        pki = plane.directory / "pki"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "apiserver.crt", pki / "apiserver.key")
        listener = network.listen(GATEWAY)
        self._port = listener.getsockname()[1]
        # The handshake belongs to the thread of its connection.
        secure = context.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)
        self._servers = [serve(secure, Handler), serve(network.listen(POD_IDENTITY, 80), Handler)]

    def register(self) -> None:
        """Makes the API server ask for every new pod outside kube-system."""
        authority = base64.b64encode((self._plane.directory / "pki" / "ca.crt").read_bytes()).decode()
        webhook = {
            "name": "pod-identity.embedded-aws.local",
            "clientConfig": {"url": f"https://{GATEWAY}:{self._port}/mutate", "caBundle": authority},
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
            "namespaceSelector": {
                "matchExpressions": [
                    {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}
                ]
            },
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 10,
        }
        self._plane.request(
            "POST",
            "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
            {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "MutatingWebhookConfiguration",
                "metadata": {"name": "pod-identity"},
                "webhooks": [webhook],
            },
        )

    def review(self, review: dict[str, Any]) -> dict[str, Any]:
        """Answer a question of the API server."""
        request = review["request"]
        pod = request["object"]
        account = pod["spec"].get("serviceAccountName") or "default"
        operations = patch(pod, self._variables, with_role=self._role_of(request["namespace"], account) is not None)
        response = {
            "uid": request["uid"],
            "allowed": True,
            "patchType": "JSONPatch",
            "patch": base64.b64encode(json.dumps(operations).encode()).decode(),
        }
        return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}

    def credentials(self, token: str) -> tuple[int, dict[str, Any]]:
        """Return credentials for the holder of a service account's token, or why there are none."""
        status, body = self._plane.request(
            "POST",
            "/apis/authentication.k8s.io/v1/tokenreviews",
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenReview",
                "spec": {"token": token, "audiences": [_AUDIENCE]},
            },
        )
        review = json.loads(body)["status"] if status < 400 else {}
        user = str(review.get("user", {}).get("username", ""))
        if not review.get("authenticated") or not user.startswith("system:serviceaccount:"):
            return 400, {"message": f"the token is not valid: {review.get('error', '')}"}
        namespace, account = user.split(":")[2:]
        role = self._role_of(namespace, account)
        if role is None:
            return 404, {"message": f"no pod identity association gives {namespace}/{account} a role"}
        found = self._assume(role)
        return 200, {
            "AccessKeyId": found["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": found["AWS_SECRET_ACCESS_KEY"],
            "Token": found["AWS_SESSION_TOKEN"],
            "Expiration": (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def close(self) -> None:
        """Stop answering."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
