"""The metadata service of an instance, and its answers."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import pytest
from embedded_aws.ec2.systemd.metadata import Identity, MetadataService
from embedded_aws.host.plane import Plane

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "ASIA1", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session"}
TTL = "x-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "x-aws-ec2-metadata-token"


def identity(**changed: Any) -> Identity:
    values: dict[str, Any] = {
        "instance_id": "i-0123456789abcdef0",
        "image_id": "ami-1",
        "instance_type": "m7i.large",
        "region": "eu-central-1",
        "zone": "eu-central-1b",
        "account": "123456789012",
        "address": "10.0.1.7",
        "user_data": "#!/bin/bash\n",
        "role": "fleet",
        "credentials": CREDENTIALS,
    }
    return Identity(**{**values, **changed})


def token_of(service: MetadataService, seconds: str = "60") -> dict[str, str]:
    status, token = service.answer("PUT", "/latest/api/token", {TTL: seconds})
    assert status == 200
    return {TOKEN: token}


@pytest.fixture
def service() -> MetadataService:
    return MetadataService(identity())


def test_a_token_opens_every_document(service: MetadataService) -> None:
    token = token_of(service)

    def read(path: str) -> str:
        status, text = service.answer("GET", path, token)
        assert status == 200, path
        return text

    assert read("/latest/meta-data/instance-id") == "i-0123456789abcdef0"
    assert read("/2021-03-23/meta-data/placement/region") == "eu-central-1"
    assert read("/latest/meta-data/local-hostname") == "ip-10-0-1-7.eu-central-1.compute.internal"
    assert read("/latest/user-data") == "#!/bin/bash\n"
    assert json.loads(read("/latest/dynamic/instance-identity/document"))["availabilityZone"] == "eu-central-1b"
    assert read("/latest/meta-data/iam/security-credentials/") == "fleet"
    credentials = json.loads(read("/latest/meta-data/iam/security-credentials/fleet"))
    assert (credentials["Code"], credentials["AccessKeyId"], credentials["Token"]) == ("Success", "ASIA1", "session")
    listed = read("/latest/meta-data/").splitlines()
    assert {"iam/", "instance-id", "placement/"} <= set(listed)
    assert "user-data" not in listed


@pytest.mark.parametrize("headers", [{}, {TOKEN: ""}, {TOKEN: "another"}], ids=["none", "empty", "unknown"])
def test_a_request_without_a_valid_token_is_refused(service: MetadataService, headers: dict[str, str]) -> None:
    assert service.answer("GET", "/latest/meta-data/instance-id", headers) == (401, "")


def test_a_token_that_has_expired_is_refused(service: MetadataService, monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_of(service, "60")
    moment = time.monotonic()
    monkeypatch.setattr("embedded_aws.ec2.systemd.metadata.time.monotonic", lambda: moment + 61)

    assert service.answer("GET", "/latest/meta-data/instance-id", token) == (401, "")


def test_version_1_answers_only_where_the_launch_template_allows_it() -> None:
    optional = MetadataService(identity(token_required=False))

    assert optional.answer("GET", "/latest/meta-data/instance-id", {}) == (200, "i-0123456789abcdef0")
    assert optional.answer("GET", "/latest/meta-data/instance-id", {TOKEN: "another"})[0] == 401


@pytest.mark.parametrize("seconds", ["", "0", "21601", "soon"])
def test_a_token_lives_from_one_second_to_six_hours(service: MetadataService, seconds: str) -> None:
    assert service.answer("PUT", "/latest/api/token", {TTL: seconds} if seconds else {}) == (400, "")


def test_a_proxy_gets_no_token(service: MetadataService) -> None:
    assert service.answer("PUT", "/latest/api/token", {TTL: "60", "x-forwarded-for": "10.0.0.1"}) == (403, "")


def test_an_instance_without_a_role_or_user_data_has_neither() -> None:
    bare = MetadataService(identity(role="", credentials={}, user_data=""))
    token = token_of(bare)

    assert bare.answer("GET", "/latest/meta-data/iam/security-credentials/", token) == (404, "")
    assert bare.answer("GET", "/latest/user-data", token) == (404, "")


def test_answers_over_http_one_request_a_connection() -> None:
    plane = Plane()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        server = plane.serve(listener, MetadataService(identity(hop_limit=3)).handle)

        def ask(text: str) -> str:
            with socket.create_connection(address, timeout=10) as connection:
                connection.sendall(text.encode())
                return b"".join(iter(lambda: connection.recv(4096), b"")).decode()

        made = ask(f"PUT /latest/api/token HTTP/1.1\r\nHost: x\r\n{TTL.title()}: 60\r\n\r\n")
        assert made.startswith("HTTP/1.1 200 OK")
        token = made.partition("\r\n\r\n")[2]
        assert ask(f"GET /latest/meta-data/mac HTTP/1.1\r\n{TOKEN}: {token}\r\n\r\n").endswith("02:63:64:65:66:30")
        assert ask("GET /latest/meta-data/mac HTTP/1.1\r\n\r\n").startswith("HTTP/1.1 401 Unauthorized")
        assert ask("nonsense\r\n\r\n") == ""
        plane.close(server)
