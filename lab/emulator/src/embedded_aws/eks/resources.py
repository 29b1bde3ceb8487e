"""Resources of a cluster that MiniStack has in its API only: add-ons, access entries, pod identities."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services import eks

if TYPE_CHECKING:
    from collections.abc import Callable

ADDON = "AWS::EKS::Addon"
ACCESS_ENTRY = "AWS::EKS::AccessEntry"
ASSOCIATION = "AWS::EKS::PodIdentityAssociation"

ADDONS = frozenset({"aws-mountpoint-s3-csi-driver", "eks-pod-identity-agent", "metrics-server"})
"""Add-ons that a cluster here can have. Only the first one has an effect."""

Made = tuple[str, dict[str, str]]
Properties = dict[str, Any]


def handlers() -> dict[str, dict[str, Callable[..., Any]]]:
    """Returns the handlers of the three types."""
    return {
        ADDON: _replaced(_create_addon, _delete_addon),
        ACCESS_ENTRY: _replaced(_create_entry, _delete_entry),
        ASSOCIATION: {"create": _associate, "update": _reassociate, "delete": _dissociate},
    }


def _replaced(
    create: Callable[[str, Properties, str], Made], delete: Callable[[str, Properties], None]
) -> dict[str, Callable[..., Any]]:
    """Handlers of a type that keeps its name, and so is deleted before it is made again."""

    def update(physical_id: str, old: Properties, new: Properties, stack: str, *_: Any) -> Made:
        delete(physical_id, old)
        return create(physical_id, new, stack)

    return {"create": create, "update": update, "delete": delete}


def _answer(response: tuple[int, Any, bytes]) -> dict[str, Any]:
    status, _, body = response
    answer: dict[str, Any] = json.loads(body)
    if status >= 400:
        raise ValueError(answer.get("message", str(answer)))
    return answer


def _create_addon(_: str, properties: Properties, __: str) -> Made:
    name = properties["AddonName"]
    if name not in ADDONS:
        raise ValueError(f"the emulator has no add-on {name}: only {', '.join(sorted(ADDONS))}")
    cluster = properties["ClusterName"]
    made = _answer(
        eks._create_addon(
            cluster,
            {
                "addonName": name,
                "addonVersion": properties.get("AddonVersion", ""),
                "configurationValues": properties.get("ConfigurationValues", ""),
            },
        )
    )["addon"]
    return f"{cluster}|{name}", {"Arn": made["addonArn"]}


def _delete_addon(physical_id: str, _: Properties) -> None:
    cluster, name = physical_id.split("|")
    eks._delete_addon(cluster, name)


def _create_entry(_: str, properties: Properties, __: str) -> Made:
    cluster, principal = properties["ClusterName"], properties["PrincipalArn"]
    entry = _answer(
        eks._create_access_entry(
            cluster,
            {
                "principalArn": principal,
                "type": properties.get("Type", "STANDARD"),
                "username": properties.get("Username", ""),
                "kubernetesGroups": properties.get("KubernetesGroups", []),
            },
        )
    )["accessEntry"]
    for policy in properties.get("AccessPolicies") or []:
        scope = {"type": policy["AccessScope"]["Type"], "namespaces": policy["AccessScope"].get("Namespaces", [])}
        _answer(
            eks._associate_access_policy(cluster, principal, {"policyArn": policy["PolicyArn"], "accessScope": scope})
        )
    return f"{principal}|{cluster}", {"AccessEntryArn": entry["accessEntryArn"]}


def _delete_entry(physical_id: str, _: Properties) -> None:
    principal, cluster = physical_id.split("|")
    eks._delete_access_entry(cluster, principal)


def _associate(_: str, properties: Properties, __: str) -> Made:
    made = _answer(
        eks._create_pod_identity_association(
            properties["ClusterName"],
            {
                "namespace": properties["Namespace"],
                "serviceAccount": properties["ServiceAccount"],
                "roleArn": properties["RoleArn"],
            },
        )
    )["association"]
    return made["associationArn"], _association_attributes(made)


def _reassociate(physical_id: str, old: Properties, new: Properties, stack: str, *_: Any) -> Made:
    if any(old[name] != new[name] for name in ("ClusterName", "Namespace", "ServiceAccount")):
        made = _associate(physical_id, new, stack)
        _dissociate(physical_id, old)
        return made
    association = physical_id.rsplit("/", 1)[1]
    changed = eks._update_pod_identity_association(new["ClusterName"], association, {"roleArn": new["RoleArn"]})
    return physical_id, _association_attributes(_answer(changed)["association"])


def _association_attributes(association: dict[str, Any]) -> dict[str, str]:
    return {"AssociationArn": association["associationArn"], "AssociationId": association["associationId"]}


def _dissociate(physical_id: str, properties: Properties) -> None:
    eks._delete_pod_identity_association(properties["ClusterName"], physical_id.rsplit("/", 1)[1])
