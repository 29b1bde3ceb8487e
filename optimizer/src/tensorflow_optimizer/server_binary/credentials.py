"""Credentials for pulling: an AWS role for ECR, a given account, or none."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass

from ..errors import BadInputError, OptimizerError

#: Environment variables for the registry's account. Both or neither.
USERNAME = "SERVING_REGISTRY_USERNAME"
PASSWORD = "SERVING_REGISTRY_PASSWORD"  # noqa: S105 - a name, not a password

_ECR = re.compile(
    r"\d{12}\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)"
    r"\.(amazonaws\.com(\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)"
)


@dataclass(frozen=True)
class Credentials:
    """A name and a password for HTTP's basic authentication."""

    username: str
    password: str


def ecr_region(registry: str) -> str | None:
    """Return the Region of a private ECR registry, and None for any other registry."""
    match = _ECR.fullmatch(registry)
    return match["region"] if match else None


def credentials_for(registry: str) -> Credentials | None:
    """Return the credentials to sign in with.

    Raises:
        OptimizerError: ECR returns no token, or only one of the two variables is set.
    """
    region = ecr_region(registry)
    if region:
        return _ecr_credentials(registry, region)
    username, password = os.environ.get(USERNAME, ""), os.environ.get(PASSWORD, "")
    if bool(username) != bool(password):
        raise BadInputError(f"{USERNAME} and {PASSWORD} belong together, and only one of them is set: set both or none")
    return Credentials(username, password) if username else None


def _ecr_credentials(registry: str, region: str) -> Credentials:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = boto3.client("ecr", region_name=region).get_authorization_token()
        token = answer["authorizationData"][0]["authorizationToken"]
    except (BotoCoreError, ClientError) as error:
        raise OptimizerError(
            f"no token for {registry} ({error}): allow the role ecr:GetAuthorizationToken, and in a VPC give it a way "
            "to ECR's API, by NAT or by VPC endpoints"
        ) from error
    username, _, password = base64.b64decode(token).decode().partition(":")
    return Credentials(username, password)
