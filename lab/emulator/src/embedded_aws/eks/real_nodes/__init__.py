"""Real nodes of a cluster: kubelet, kube-proxy and containerd in namespaces of their own, on a network of their own."""
