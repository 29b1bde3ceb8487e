"""A real Kubernetes control plane without nodes, on the loopback interface or in a network of its own."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from functools import cached_property
from typing import TYPE_CHECKING, Any

from embedded_aws.eks.certificates import make_certificates
from embedded_aws.eks.place import FRONT_PROXY, LOOPBACK_ARGUMENTS, SHORT_AUTOSCALER_DELAYS, Place
from embedded_aws.host.child import Child
from embedded_aws.host.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from embedded_aws.eks.programs import Programs

_START_SECONDS = 120


class ControlPlane:
    """etcd, kube-apiserver, kube-controller-manager and kube-scheduler."""

    def __init__(
        self, programs: Programs, directory: Path, token_webhook: str | None = None, place: Place | None = None
    ) -> None:
        """Prepares one; nothing runs yet.

        Args:
            programs: what to run.
            directory: for its files, which must not be there yet.
            token_webhook: the address that says whom a bearer token belongs to; no token is accepted by default.
            place: where it runs; on the loopback interface by default.
        """
        self._place = place
        self._token_webhook = token_webhook
        self.programs = programs
        self.directory = directory
        self.kubeconfig = directory / "kubeconfig"
        self.port = self._loopback_port = free_port()
        self._processes: list[Child] = []

    def start(self) -> None:
        """Start everything and wait until a namespace gets its service account, in which every part has a share."""
        place = self._place
        if place:
            make_certificates(self.directory / "pki", [place.address], {**FRONT_PROXY, **place.subjects})
            self._loopback_port = place.forward(self.port)
        else:
            make_certificates(self.directory / "pki")
        self.kubeconfig_for("admin", self.kubeconfig, self.address)
        beside = self.directory / "kubeconfig-beside"
        self.kubeconfig_for("admin", beside, f"https://127.0.0.1:{self.port}")
        client, peer = free_port(), free_port()
        etcd = f"http://127.0.0.1:{client}"
        self._run(
            self.programs.etcd,
            f"--data-dir={self.directory / 'etcd'}",
            f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync=true",
        )
        pki = self.directory / "pki"
        self._run(
            self.programs.directory / "kube-apiserver",
            f"--etcd-servers={etcd}",
            f"--secure-port={self.port}",
            f"--tls-cert-file={pki / 'apiserver.crt'}",
            f"--tls-private-key-file={pki / 'apiserver.key'}",
            f"--client-ca-file={pki / 'ca.crt'}",
            f"--service-account-key-file={pki / 'accounts.pub'}",
            f"--service-account-signing-key-file={pki / 'accounts.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC,Node",
            "--allow-privileged=true",
            *(place.arguments(pki) if place else LOOPBACK_ARGUMENTS),
            *self._webhook_arguments(),
        )
        self._wait(lambda: self.get("/readyz", raw=True) == "ok", "kube-apiserver is not ready")
        self._run(
            self.programs.directory / "kube-controller-manager",
            f"--kubeconfig={beside}",
            f"--service-account-private-key-file={pki / 'accounts.key'}",
            f"--root-ca-file={pki / 'ca.crt'}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={free_port()}",
            "--horizontal-pod-autoscaler-sync-period=2s",
            *(() if place else SHORT_AUTOSCALER_DELAYS),
        )
        self._run(
            self.programs.directory / "kube-scheduler",
            f"--kubeconfig={beside}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={free_port()}",
        )
        self._wait(
            lambda: self.get("/api/v1/namespaces/default/serviceaccounts/default"), "no service account was made"
        )

    def stop(self) -> None:
        """End all programs, those that depend on others first."""
        while self._processes:
            self._processes.pop().stop()

    @property
    def address(self) -> str:
        """Address of the API server."""
        return f"https://127.0.0.1:{self._loopback_port}"

    @property
    def certificate_authority(self) -> str:
        """The certificate that vouches for the API server, in base64 as a kubeconfig has it."""
        return base64.b64encode((self.directory / "pki" / "ca.crt").read_bytes()).decode()

    def kubectl(self, *arguments: str, document: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the cluster's administrator."""
        command = [str(self.programs.kubectl), f"--kubeconfig={self.kubeconfig}", *arguments]
        return subprocess.run(  # noqa: S603 - kubectl
            command, input=document, capture_output=True, text=True, check=False
        )

    def get(self, path: str, *, raw: bool = False) -> Any:
        """Return what is at a path, or None where nothing is."""
        status, body = self.request("GET", path)
        if status == 404:
            return None
        if status >= 400:
            raise OSError(f"{path}: {status} {body[:300]!r}")
        return body.decode() if raw else json.loads(body)

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return the items of a list."""
        return list((self.get(path) or {"items": []})["items"])

    def request(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, bytes]:
        """Send a request as the cluster's administrator, and return the status and the answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - our own API server
            f"{self.address}{path}", data, {"Content-Type": kind}, method=method
        )
        try:
            with urllib.request.urlopen(request, context=self._context, timeout=30) as answer:  # noqa: S310 - our own address
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def kubeconfig_for(self, name: str, path: Path, server: str) -> None:
        """Write how a holder of one of the certificates reaches the API server.

        Args:
            name: of the certificate.
            path: gets it.
            server: the API server's address, as the holder sees it.
        """
        pki = self.directory / "pki"
        cluster = {"server": server, "certificate-authority": str(pki / "ca.crt")}
        user = {"client-certificate": str(pki / f"{name}.crt"), "client-key": str(pki / f"{name}.key")}
        path.write_text(json.dumps(_kubeconfig(cluster, user)))

    @cached_property
    def _context(self) -> ssl.SSLContext:
        pki = self.directory / "pki"
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))
        return context

    def _run(self, program: Path, *arguments: str) -> None:
        enter = self._place.enter if self._place else ()
        self._processes.append(Child([*enter, str(program), *arguments], log=self.directory / f"{program.name}.log"))

    def _wait(self, done: Callable[[], Any], complaint: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            for process in self._processes:
                if process.code() is not None:
                    raise OSError(f"{process.command[0]} has ended: {process.log.read_text()[-1000:]}")
            try:
                if done():
                    return
            except OSError:
                pass
            time.sleep(0.3)
        raise OSError(f"{complaint} after {_START_SECONDS} s: see the logs in {self.directory}")

    def _webhook_arguments(self) -> list[str]:
        if self._token_webhook is None:
            return []
        path = self.directory / "token-webhook"
        path.write_text(json.dumps(_kubeconfig({"server": self._token_webhook}, {})))
        return [
            f"--authentication-token-webhook-config-file={path}",
            "--authentication-token-webhook-version=v1",
            # The embedded AWS's answers change with the cluster's access entries.
            "--authentication-token-webhook-cache-ttl=0s",
        ]


def _kubeconfig(cluster: dict[str, str], user: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "admin",
        "clusters": [{"name": "cluster", "cluster": cluster}],
        "users": [{"name": "admin", "user": user}],
        "contexts": [{"name": "admin", "context": {"cluster": "cluster", "user": "admin"}}],
    }
