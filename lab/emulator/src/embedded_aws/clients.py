"""Clients of the embedded AWS with the credentials of a role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from embedded_aws.settings import Settings


class EmbeddedClients:
    """Sends requests with a role's credentials."""

    def __init__(self, settings: Settings, region: str, credentials: dict[str, str]) -> None:
        # The type stubs know each service by a literal name; here the name is a variable.
        self._session = cast("Any", boto3.session).Session(
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials["AWS_SESSION_TOKEN"],
            region_name=region,
        )
        self._endpoint = settings.endpoint
        self.s3: Any = self.client("s3")

    def parameter(self, name: str) -> str:
        """Returns the value of an SSM parameter.

        Raises:
            LookupError: there is none.
        """
        try:
            value = self.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        except ClientError as error:
            raise LookupError(f"DOWNLOAD_SOURCE: parameter {name}: {error}") from error
        return str(value)

    def secret(self, reference: str) -> str:
        """Returns the value of a secret, or of one of its keys: `id`, `id:key` or an ARN with `:key`.

        Raises:
            LookupError: there is none.
        """
        parts = reference.split(":")
        length = 7 if reference.startswith("arn:") else 1
        identifier, key = ":".join(parts[:length]), next(iter(parts[length:]), "")
        try:
            value = str(self.client("secretsmanager").get_secret_value(SecretId=identifier)["SecretString"])
        except ClientError as error:
            raise LookupError(f"DOWNLOAD_SOURCE: secret {identifier}: {error}") from error
        return str(json.loads(value)[key]) if key else value

    def client(self, name: str) -> Any:
        """Returns the client of a service."""
        return self._session.client(name, endpoint_url=self._endpoint, config=Config(retries={"max_attempts": 2}))


def assume_role(settings: Settings, region: str, role: str) -> dict[str, str]:
    """Returns the variables that give a program a role."""
    client = cast("Any", boto3).client(
        "sts",
        endpoint_url=settings.endpoint,
        region_name=region,
        aws_access_key_id=role.split(":")[4],
        aws_secret_access_key="test",  # noqa: S106 - a placeholder: the embedded AWS checks no signature
    )
    found = client.assume_role(RoleArn=role, RoleSessionName="AWSCodeBuild")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
        "AWS_SESSION_TOKEN": found["SessionToken"],
    }
