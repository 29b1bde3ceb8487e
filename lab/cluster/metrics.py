"""A stand-in for metrics-server: every pod of a namespace uses as much processor time as the test says."""

from __future__ import annotations

import json
import ssl
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlparse

from embedded_aws.eks.control_plane import ControlPlane

_GROUP = "/apis/metrics.k8s.io/v1beta1"


class Metrics:
    """Answers the autoscaler, through the API server's aggregation."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.cpu = "0m"
        pki = plane.directory / "pki"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "apiserver.crt", pki / "apiserver.key")
        metrics = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                body = json.dumps(metrics.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def register(self) -> None:
        """Tell the API server who answers for metrics."""
        port = self._server.server_address[1]
        service = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}
        meta = {"name": "metrics", "namespace": "kube-system"}
        self.plane.request(
            "POST",
            "/api/v1/namespaces/kube-system/services",
            {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": service},
        )
        spec = {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": "metrics", "namespace": "kube-system", "port": port},
        }
        body = {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": spec,
        }
        self.plane.request("POST", "/apis/apiregistration.k8s.io/v1/apiservices", body)

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()

    def answer(self, path: str) -> dict[str, Any]:
        """Return what metrics-server would say."""
        url = urlparse(path)
        parts = url.path.strip("/").split("/")
        if len(parts) < 6:
            pods = {
                "name": "pods",
                "singularName": "",
                "namespaced": True,
                "kind": "PodMetrics",
                "verbs": ["get", "list"],
            }
            return {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": "metrics.k8s.io/v1beta1",
                "resources": [pods],
            }
        selector = parse_qs(url.query).get("labelSelector", [""])[0]
        pods = self.plane.items(f"/api/v1/namespaces/{parts[4]}/pods?labelSelector={quote(selector)}")
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        usage = {"cpu": self.cpu, "memory": "500Mi"}
        items = [
            {
                "metadata": {key: pod["metadata"][key] for key in ("name", "namespace", "labels")},
                "timestamp": now,
                "window": "15s",
                "containers": [{"name": container["name"], "usage": usage} for container in pod["spec"]["containers"]],
            }
            for pod in pods
        ]
        return {"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items}
