"""The instance metadata service, version 2: what an instance can read about itself at 169.254.169.254."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.host.plane import Streams

_LONGEST_TOKEN_SECONDS = 21_600
_TOKEN = "x-aws-ec2-metadata-token"  # noqa: S105 - the name of a header
_TTL = "x-aws-ec2-metadata-token-ttl-seconds"
_VERSIONS = ("1.0", "2009-04-04", "2016-09-02", "2018-09-24", "2021-03-23", "latest")
_CREDENTIALS_LIFE = timedelta(hours=6)
_REQUEST_SECONDS = 30.0
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


@dataclass(frozen=True)
class Identity:
    """Properties of an instance.

    Attributes:
        instance_id: of EC2.
        image_id: of the launch template.
        instance_type: of the launch template.
        region: where it is.
        zone: its Availability Zone.
        account: whose it is.
        address: private, IPv4.
        user_data: a script; empty where there is none.
        role: the name of its role; empty where it has none.
        credentials: the variables of the role's session.
        token_required: whether requests without a token are refused (HttpTokens).
        hop_limit: how many networks the answer with a token may cross (HttpPutResponseHopLimit).
    """

    instance_id: str
    image_id: str
    instance_type: str
    region: str
    zone: str
    account: str
    address: str
    user_data: str
    role: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict)
    token_required: bool = True
    hop_limit: int = 1

    @property
    def host_name(self) -> str:
        """Host name by the instance's address, as EC2 gives it."""
        domain = "ec2.internal" if self.region == "us-east-1" else f"{self.region}.compute.internal"
        return f"ip-{self.address.replace('.', '-')}.{domain}"


class MetadataService:
    """Answers one instance."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._tokens: dict[str, float] = {}
        self._leaves = _leaves(identity)

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        """The status and the text of a response.

        Args:
            method: of HTTP.
            path: from the first slash on.
            headers: their names in lower case.
        """
        if method == "PUT" and path == "/latest/api/token":
            return self._token(headers)
        if method not in {"GET", "HEAD"}:
            return 403, ""
        token = headers.get(_TOKEN)
        if token is None and self._identity.token_required:
            return 401, ""
        if token is not None and self._tokens.get(token, 0) < time.monotonic():
            return 401, ""
        return self._read(path.strip("/"))

    async def handle(self, streams: Streams) -> None:
        """Answers one connection."""
        reader, writer = streams
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _REQUEST_SECONDS)
            request, *lines = head.decode("latin-1").rstrip().split("\r\n")
            method, path, *_ = request.split(" ")
            headers = {
                name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            status, text = self.answer(method, path.partition("?")[0], headers)
            if method == "PUT":
                # The packets end on the way to a program that is further away, such as a container's.
                ends = writer.get_extra_info("socket")
                ends.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, self._identity.hop_limit)
            body = text.encode()
            lines = [f"HTTP/1.1 {status} {_REASONS[status]}", "Content-Type: text/plain", "Connection: close"]
            if method == "PUT" and status == 200:
                lines.append(f"{_TTL}: {headers[_TTL]}")
            lines.append(f"Content-Length: {len(body)}")
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if method == "HEAD" else body))
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ValueError):
            pass
        finally:
            writer.close()

    def _token(self, headers: Mapping[str, str]) -> tuple[int, str]:
        if "x-forwarded-for" in headers:
            return 403, ""
        seconds = headers.get(_TTL, "")
        if not seconds.isdecimal() or not 1 <= int(seconds) <= _LONGEST_TOKEN_SECONDS:
            return 400, ""
        token = secrets.token_urlsafe(42)
        self._tokens[token] = time.monotonic() + int(seconds)
        return 200, token

    def _read(self, path: str) -> tuple[int, str]:
        version, _, rest = path.partition("/")
        if not path:
            return 200, "\n".join(_VERSIONS)
        if version not in _VERSIONS:
            return 404, ""
        if rest in self._leaves:
            return 200, self._leaves[rest]
        start = f"{rest}/" if rest else ""
        below = [leaf.removeprefix(start) for leaf in self._leaves if leaf.startswith(start)]
        if not below:
            return 404, ""
        # A directory within this one ends with a slash.
        return 200, "\n".join(sorted({name.partition("/")[0] + ("/" if "/" in name else "") for name in below}))


def _leaves(identity: Identity) -> dict[str, str]:
    """Every document by its path, without the version."""
    # Locally administered, as all addresses of EC2 are.
    mac = "02:" + ":".join(identity.instance_id.encode().hex()[-10:][index : index + 2] for index in range(0, 10, 2))
    network = f"meta-data/network/interfaces/macs/{mac}"
    leaves = {
        "meta-data/ami-id": identity.image_id,
        "meta-data/ami-launch-index": "0",
        "meta-data/hostname": identity.host_name,
        "meta-data/instance-action": "none",
        "meta-data/instance-id": identity.instance_id,
        "meta-data/instance-life-cycle": "on-demand",
        "meta-data/instance-type": identity.instance_type,
        "meta-data/local-hostname": identity.host_name,
        "meta-data/local-ipv4": identity.address,
        "meta-data/mac": mac,
        f"{network}/device-number": "0",
        f"{network}/local-ipv4s": identity.address,
        f"{network}/mac": mac,
        "meta-data/placement/availability-zone": identity.zone,
        "meta-data/placement/region": identity.region,
        "meta-data/services/domain": "amazonaws.com",
        "meta-data/services/partition": "aws",
        "dynamic/instance-identity/document": json.dumps(
            {
                "accountId": identity.account,
                "availabilityZone": identity.zone,
                "imageId": identity.image_id,
                "instanceId": identity.instance_id,
                "instanceType": identity.instance_type,
                "privateIp": identity.address,
                "region": identity.region,
                "version": "2017-09-30",
            },
            indent=2,
        ),
    }
    if identity.user_data:
        leaves["user-data"] = identity.user_data
    if identity.role:
        now = datetime.now(UTC)
        leaves[f"meta-data/iam/security-credentials/{identity.role}"] = json.dumps(
            {
                "Code": "Success",
                "LastUpdated": _time(now),
                "Type": "AWS-HMAC",
                "AccessKeyId": identity.credentials["AWS_ACCESS_KEY_ID"],
                "SecretAccessKey": identity.credentials["AWS_SECRET_ACCESS_KEY"],
                "Token": identity.credentials["AWS_SESSION_TOKEN"],
                "Expiration": _time(now + _CREDENTIALS_LIFE),
            },
            indent=2,
        )
    return leaves


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
