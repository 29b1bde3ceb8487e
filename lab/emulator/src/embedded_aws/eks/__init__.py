"""EKS: clusters with a real Kubernetes control plane, whose pods run on this machine."""
