"""Puts Kubernetes behind clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import eks
from ministack.services.cloudformation import stacks

from embedded_aws.cloudformation.wrapping import add, before
from embedded_aws.eks import api, resources
from embedded_aws.patching import rely_on, replace

if TYPE_CHECKING:
    from embedded_aws.eks.api import Clusters


def install(clusters: Clusters) -> None:
    """Lets the API's calls act on `clusters`, and adds the types that MiniStack has in its API only."""
    rely_on(eks, "_clusters", "_addons", "_pod_identity_associations", "_access_entries", "_error", "_describe_cluster")
    rely_on(eks, "_token_review_response", "_access_entry_for_principal", "_access_policy_associations")
    # MiniStack would start a container where it finds Docker.
    replace(eks, "_get_docker", lambda _: lambda: None)
    replace(eks, "_create_cluster", clusters.creating)
    replace(eks, "_delete_cluster", clusters.deleting)
    replace(eks, "_authenticate_token_review", api.with_access_entries)
    # Starting one takes seconds, in which everything else must go on.
    replace(stacks, "_runs_on_worker_thread", lambda original: lambda kind: kind == api.TYPE or original(kind))
    before(api.TYPE, api.check)
    rely_on(eks, "_create_addon", "_delete_addon", "_create_access_entry", "_delete_access_entry")
    rely_on(eks, "_associate_access_policy", "_create_pod_identity_association")
    rely_on(eks, "_update_pod_identity_association", "_delete_pod_identity_association")
    for resource_type, handlers in resources.handlers().items():
        add(resource_type, **handlers)
