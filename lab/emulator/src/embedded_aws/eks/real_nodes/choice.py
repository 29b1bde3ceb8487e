"""Decides what runs the pods of clusters: real nodes, or processes of this machine."""

from __future__ import annotations

from dataclasses import dataclass

from embedded_aws.eks import programs as control_plane
from embedded_aws.eks.programs import VERSIONS, CannotRunError
from embedded_aws.eks.real_nodes import mountpoint_program, programs
from embedded_aws.eks.real_nodes.requirements import why_not

#: The only version of Kubernetes whose nodes are built.
VERSION = max(VERSIONS)
CHOICES = ("simulated", "real", "auto")


class NoRealNodesError(Exception):
    """Real nodes are asked for, and cannot run here."""


@dataclass(frozen=True)
class Choice:
    """The kind of nodes that run the pods.

    Attributes:
        real: whether nodes are real.
        description: the same for people, with the reason where `auto` has decided against real nodes.
    """

    real: bool
    description: str


def why_no_real_nodes() -> str | None:
    """Return why real nodes cannot run here now, or None where they can: what is missing, or not built."""
    if reason := why_not():
        return reason
    try:
        programs.nearest_built(VERSION)
        built = control_plane.nearest_built(VERSION)
    except CannotRunError as error:
        return str(error)
    if built.version != VERSIONS[VERSION]:
        return f"real nodes need a control plane of Kubernetes {VERSION}: run `npm run test:nodes` once"
    return None


def choose(how: str) -> Choice:
    """Return what runs the pods.

    Args:
        how: `simulated`, `real`, or `auto`, which is real where this machine can and the programs are built.

    Raises:
        NoRealNodesError: `real` is asked for, and this machine cannot.
    """
    if how == "simulated":
        return Choice(False, "simulated: pods are processes of this machine")
    reason = why_no_real_nodes()
    if reason is None:
        volumes = mountpoint_program.description(mountpoint_program.why_not())
        return Choice(
            True, f"real: kubelet and kube-proxy {VERSIONS[VERSION]}, containerd and runc, three times; {volumes}"
        )
    if how == "real":
        raise NoRealNodesError(reason)
    return Choice(False, f"simulated: pods are processes of this machine, because {reason}")
