"""The configuration of a node's programs, as data."""

from __future__ import annotations

from typing import Any

DNS = "10.96.0.10"
PAUSE_IMAGE = "registry.k8s.io/pause:3.10"


def container_network(subnet: str) -> dict[str, Any]:
    """Return how pods get their interfaces."""
    ipam = {
        "type": "host-local",
        "dataDir": "/run/cni-ipam",
        "ranges": [[{"subnet": subnet}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "hairpinMode": True, "ipam": ipam}
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}, "backend": "nftables"}
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, portmap]}


def containerd(plugins: str, network: str, registries: str) -> str:
    """Return containerd's configuration.

    Args:
        plugins: the directory of the network's programs.
        network: the directory of the network's configuration.
        registries: the directory that says where images are pulled from.
    """
    return f"""version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{PAUSE_IMAGE}"
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = "{registries}"
[plugins.'io.containerd.cri.v1.runtime']
  # A machine without CAP_SYS_RESOURCE cannot lower the score of a process.
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["{plugins}"]
  conf_dir = "{network}"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
    SystemdCgroup = false
"""


def mirror(registry: str) -> str:
    """Return the configuration with which every image is pulled from one registry."""
    return f'server = "{registry}"\n[host."{registry}"]\n  capabilities = ["pull", "resolve"]\n'


def kubelet(authority: str, resolver: str, reserved: int) -> dict[str, Any]:
    """Return kubelet's configuration.

    Args:
        authority: the file of the certificate that signs those of its callers.
        resolver: the file with the name server of pods that do not use the cluster's.
        reserved: bytes of this machine's memory that are not for the node's pods.
    """
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": "/",
        "enforceNodeAllocatable": ["pods"],
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": authority},
        },
        "authorization": {"mode": "Webhook"},
        "clusterDNS": [DNS],
        "clusterDomain": "cluster.local",
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "systemReserved": {"memory": str(reserved)},
        "imageGCHighThresholdPercent": 100,
        "nodeStatusUpdateFrequency": "5s",
        "resolvConf": resolver,
        "seccompDefault": True,
        "oomScoreAdj": 0,
        "maxOpenFiles": 20000,
        "serializeImagePulls": False,
    }


def kube_proxy(name: str, kubeconfig: str) -> dict[str, Any]:
    """Return kube-proxy's configuration.

    Args:
        name: of the node.
        kubeconfig: the file with which it reaches the API server.
    """
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "nftables": {"minSyncPeriod": "1s", "syncPeriod": "30s"},
        "oomScoreAdj": 0,
        "clusterCIDR": "10.244.0.0/16",
        "hostnameOverride": name,
        "clientConnection": {"kubeconfig": kubeconfig},
        # Zeros leave the host's settings of connection tracking as they are.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
