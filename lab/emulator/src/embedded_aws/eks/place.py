"""Places of a control plane: the loopback interface, or a network of its own together with real nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

#: The subject with which the API server shows itself to servers of its own API, such as metrics-server.
FRONT_PROXY = {"front-proxy": "/CN=front-proxy-client"}
#: The API server's arguments on the loopback interface.
LOOPBACK_ARGUMENTS = ("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none")

#: Delays of the autoscaler for new pods, shortened for simulated nodes. Pods of real nodes use their processors
#: while they start, which must not count.
SHORT_AUTOSCALER_DELAYS = (
    "--horizontal-pod-autoscaler-cpu-initialization-period=1s",
    "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
)


@dataclass(frozen=True)
class Place:
    """A network of its own.

    Attributes:
        enter: the command that runs another one in it.
        address: of the API server in it.
        forward: makes a port of that network one of this machine's loopback interface, and returns the latter.
        subjects: of the nodes' certificates by their name.
    """

    enter: tuple[str, ...]
    address: str
    forward: Callable[[int], int]
    subjects: Mapping[str, str]

    def arguments(self, pki: Path) -> tuple[str, ...]:
        """Return the API server's arguments in it.

        Args:
            pki: the directory of the certificates.
        """
        return (
            "--bind-address=0.0.0.0",
            f"--advertise-address={self.address}",
            # The API server asks kubelets for logs, and asks servers of its own API at their pods.
            f"--kubelet-client-certificate={pki / 'admin.crt'}",
            f"--kubelet-client-key={pki / 'admin.key'}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--proxy-client-cert-file={pki / 'front-proxy.crt'}",
            f"--proxy-client-key-file={pki / 'front-proxy.key'}",
            f"--requestheader-client-ca-file={pki / 'ca.crt'}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            "--enable-aggregator-routing=true",
        )
