"""Clusters: a control plane and nodes behind each of MiniStack's records."""

from __future__ import annotations

import base64
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from ministack.core.responses import get_account_id, get_region
from ministack.services import eks

from embedded_aws.clients import EmbeddedClients, assume_role
from embedded_aws.ec2.stock import aws_cli, aws_command
from embedded_aws.eks.control_plane import ControlPlane
from embedded_aws.eks.mountpoint import ADDON, Mountpoint
from embedded_aws.eks.nodes import Nodes
from embedded_aws.eks.pods import HostRuntime
from embedded_aws.eks.programs import VERSIONS, CannotRunError, nearest_built
from embedded_aws.eks.real_nodes.programs import nearest_built as built_for
from embedded_aws.host.plane import Plane
from embedded_aws.iam.sessions import caller_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.eks.programs import Programs
    from embedded_aws.settings import Settings

TYPE = "AWS::EKS::Cluster"

_TOKEN_PREFIX = "k8s-aws-v1."  # noqa: S105 - what every token of `aws eks get-token` begins with

_ADMINISTRATOR = "/AmazonEKSClusterAdminPolicy"

_log = logging.getLogger("embedded_aws.eks")


@dataclass(frozen=True)
class _Running:
    plane: ControlPlane
    stop: Callable[[], None]


class Clusters:
    """All clusters that run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: dict[str, _Running] = {}
        self._made = 0
        self._plane: Plane | None = None

    def close(self) -> None:
        """Ends every control plane and every pod."""
        while self._running:
            self._running.popitem()[1].stop()

    def creating(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Starts a control plane behind every cluster that is created, by CloudFormation or by the API."""

        def create(body: dict[str, Any], creator_arn: str | None = None) -> Any:
            try:
                programs = self._programs(str(body.get("version") or ""))
            except CannotRunError as error:
                return eks._error(400, "InvalidRequestException", f"the emulator cannot make a cluster: {error}")
            answer = original(body, creator_arn)
            if answer[0] >= 400:
                return answer
            cluster = eks._clusters[body["name"]]
            if not programs.version.startswith(f"v{cluster['version']}."):
                _log.warning("cluster %s: Kubernetes %s for %s", cluster["name"], programs.version, cluster["version"])
            try:
                running = self._start(cluster, programs)
            except OSError as error:
                eks._clusters.pop(cluster["name"], None)
                return eks._error(500, "ServerException", f"the control plane did not start: {error}")
            self._running[cluster["arn"]] = running
            cluster["endpoint"] = running.plane.address
            cluster["certificateAuthority"] = {"data": running.plane.certificate_authority}
            cluster["status"] = "ACTIVE"
            return eks._describe_cluster(cluster["name"])

        return create

    def deleting(self, original: Callable[[str], Any]) -> Callable[[str], Any]:
        """Stops a cluster's control plane and pods with it."""

        def delete(name: str) -> Any:
            cluster = eks._clusters.get(name)
            answer = original(name)
            running = self._running.pop(cluster["arn"], None) if cluster else None
            if running:
                running.stop()
            return answer

        return delete

    def _programs(self, version: str) -> Programs:
        if not self._settings.real_nodes:
            return nearest_built(version)
        built_for(max(VERSIONS))
        return nearest_built(max(VERSIONS))

    def _start(self, cluster: dict[str, Any], programs: Programs) -> _Running:
        account, region, name = get_account_id(), get_region(), cluster["name"]
        self._made += 1
        directory = self._settings.subdirectory("clusters") / str(self._made)
        path = f"/_ministack/eks-auth/{account}/{region}/{name}/{cluster['_auth_token']}"
        webhook = f"{self._settings.endpoint}{path}"
        zones = {f"{name.lower()}-{zone}": f"{region}{zone}" for zone in "abc"}

        def role_of(namespace: str, service_account: str) -> str | None:
            for association in _of_cluster(eks._pod_identity_associations, account, region, name):
                if (association["namespace"], association["serviceAccount"]) == (namespace, service_account):
                    return str(association["roleArn"])
            return None

        def installed() -> bool:
            return any(addon["addonName"] == ADDON for addon in _of_cluster(eks._addons, account, region, name))

        def s3_as(role: str) -> Any:
            return EmbeddedClients(self._settings, region, assume_role(self._settings, region, role)).s3

        if self._settings.real_nodes:
            # Import late: it needs gRPC, which nothing else does.
            from embedded_aws.eks.real_nodes.nodes import RealCluster, Surroundings

            if self._plane is None:
                self._plane = Plane()
            surroundings = Surroundings(
                carrier=self._plane,
                port=self._settings.port,
                aws_cli=aws_cli(self._settings.cache_directory),
                variables={"AWS_REGION": region, "AWS_DEFAULT_REGION": region},
                role_of=role_of,
                assume=lambda role: assume_role(self._settings, region, role),
                s3_as=s3_as,
                mounts_buckets=installed,
            )
            real = RealCluster((programs, built_for(max(VERSIONS))), directory, zones, surroundings, webhook)
            try:
                real.start()
            except OSError:
                real.stop()
                raise
            return _Running(real.plane, real.stop)

        plane = ControlPlane(programs, directory, webhook)
        try:
            plane.start()
        except OSError:
            plane.stop()
            raise
        mountpoint = Mountpoint(plane, installed=installed, role_of=role_of, s3_as=s3_as)
        aws = aws_command(self._settings.cache_directory, self._settings.run_directory)

        def identify(pod: dict[str, Any]) -> dict[str, str]:
            role = role_of(pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName", "default"))
            return {
                "PATH": f"{aws.parent}{os.pathsep}{os.environ['PATH']}",
                "AWS_ENDPOINT_URL": self._settings.endpoint,
                "AWS_REGION": region,
                **(assume_role(self._settings, region, role) if role else {}),
            }

        nodes = Nodes(plane, HostRuntime(directory / "pods", mountpoint.mount, identify), zones)
        nodes.start()

        def stop() -> None:
            nodes.stop()
            plane.stop()

        return _Running(plane, stop)


def _of_cluster(store: Any, account: str, region: str, cluster: str) -> list[dict[str, Any]]:
    """Returns the records of a cluster, from any thread: MiniStack's own access needs the context of a request."""
    return [
        record
        for (owner, place, _), record in store.all_items()
        if (owner, place, record["clusterName"]) == (account, region, cluster)
    ]


def check(properties: dict[str, Any]) -> None:
    """Refuses clusters that cannot be made here.

    Raises:
        ValueError: it has no Auto Mode, or this machine has built no Kubernetes.
    """
    if str((properties.get("ComputeConfig") or {}).get("Enabled")).lower() != "true":
        raise ValueError("the emulator makes EKS clusters with Auto Mode only, whose nodes come by themselves")
    try:
        nearest_built(str(properties.get("Version") or ""))
    except CannotRunError as error:
        raise ValueError(f"the emulator cannot make a cluster: {error}") from error


def with_access_entries(_original: Callable[..., Any]) -> Callable[..., Any]:
    """Lets in the account itself, and the roles that an access entry makes administrators of the cluster.

    Takes tokens of `aws eks get-token` only, and none while the cluster has no access entry. Roles that are no
    administrators are refused: the control plane knows no policies of EKS.
    """

    def authenticate(cluster: str, account: str, region: str, review: dict[str, Any], *_: Any) -> Any:
        caller = _caller_of(str((review.get("spec") or {}).get("token") or ""))
        entries = _of_cluster(eks._access_entries, account, region, cluster)
        if caller is None or not entries or not _is_administrator(caller, cluster, account, region):
            return eks._token_review_response(review)
        groups = ["system:authenticated", "system:masters"]
        return eks._token_review_response(review, authenticated=True, username=caller, uid=caller, groups=groups)

    return authenticate


def _caller_of(token: str) -> str | None:
    """Returns the ARN of a token's caller, or None where it is no token."""
    if not token.startswith(_TOKEN_PREFIX):
        return None
    encoded = token.removeprefix(_TOKEN_PREFIX)
    try:
        url = urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    except ValueError:
        return None
    query = parse_qs(url.query)
    if query.get("Action") != ["GetCallerIdentity"]:
        return None
    key = query.get("X-Amz-Credential", [""])[0].partition("/")[0]
    return caller_of(key) if key else None


def _is_administrator(caller: str, cluster: str, account: str, region: str) -> bool:
    if ":assumed-role/" not in caller:
        return True
    entry = eks._access_entry_for_principal(cluster, account, region, caller) or {}
    return any(
        principal == entry.get("principalArn") and policy.endswith(_ADMINISTRATOR)
        for principal, policy, _ in eks._access_policy_associations(cluster, account, region)
    )
