"""Taking the program out of an image: real requests to a registry on this machine."""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from stand_in_registry import Content, Node, Registry, index_of, layer_of
from stand_in_registry.content import digest_of
from tensorflow_optimizer.errors import ExitCode, OptimizerError
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.server_binary.credentials import PASSWORD, USERNAME, credentials_for
from tensorflow_optimizer.server_binary.take import take_program

if TYPE_CHECKING:
    from pathlib import Path


from serving_images import PATH, PROGRAM, elf, serving, tagged, take


def test_takes_exactly_the_program_and_records_both_digests(registry: Registry, tmp_path: Path) -> None:
    index = index_of(("linux/arm64", b"{}"), ("unknown/unknown", b"{}"), ("linux/amd64", serving(registry)))
    image = tagged(registry, index)

    taken = take(image, tmp_path)

    assert taken.path.read_bytes() == PROGRAM
    assert (taken.sha256, taken.size) == (hashlib.sha256(PROGRAM).hexdigest(), len(PROGRAM))
    assert (taken.image, taken.digest) == (image, digest_of(index))
    assert taken.path.stat().st_mode & 0o111 == 0o111
    assert [path.name for path in tmp_path.iterdir()] == ["program"]


def test_an_image_named_by_its_digest_never_changes(registry: Registry, tmp_path: Path) -> None:
    image = tagged(registry, serving(registry))
    digest = take(image, tmp_path).digest
    tagged(registry, serving(registry, elf(text=b"another server")))

    pinned = f"{image}@{digest}"
    assert take(pinned, tmp_path).path.read_bytes() == PROGRAM
    assert take(image, tmp_path).path.read_bytes() == elf(text=b"another server")


def test_layers_below_the_one_with_the_program_are_not_downloaded(registry: Registry, tmp_path: Path) -> None:
    manifest = serving(registry)
    take(tagged(registry, manifest), tmp_path)
    lowest, *above = (layer["digest"] for layer in json.loads(manifest)["layers"])
    asked = " ".join(registry.requests)
    assert lowest not in asked
    assert all(digest in asked for digest in above)


def test_docker_s_own_kinds_of_manifest_are_read(registry: Registry, tmp_path: Path) -> None:
    manifest = registry.content.image(
        layer_of(Node(PATH, PROGRAM)), mediaType="application/vnd.docker.distribution.manifest.v2+json"
    )
    index = index_of(("linux/amd64", manifest), media_type="application/vnd.docker.distribution.manifest.list.v2+json")
    assert take(tagged(registry, index), tmp_path).path.read_bytes() == PROGRAM


def test_a_layer_without_compression_is_read(registry: Registry, tmp_path: Path) -> None:
    image = tagged(registry, registry.content.image(gzip.decompress(layer_of(Node(PATH, PROGRAM)))))
    assert take(image, tmp_path).path.read_bytes() == PROGRAM


def test_links_and_whiteouts_of_real_layers_are_followed(registry: Registry, tmp_path: Path) -> None:
    image = tagged(
        registry,
        registry.content.image(
            layer_of(Node(PATH, elf(text=b"replaced")), Node("opt/old", elf(text=b"removed"))),
            layer_of(
                Node("opt/server/bin", PROGRAM),
                Node("opt/hard", kind=tarfile.LNKTYPE, target="opt/server/bin"),
                Node("opt/.wh.old"),
                Node(PATH, kind=tarfile.SYMTYPE, target="../../opt/hard"),
            ),
        ),
    )
    assert take(image, tmp_path).path.read_bytes() == PROGRAM


@pytest.mark.fault
def test_names_that_point_outside_the_image_write_nothing(registry: Registry, tmp_path: Path) -> None:
    directory = tmp_path / "inside"
    directory.mkdir()
    layer = layer_of(
        Node("../outside", b"evil"),
        Node("/../../outside", b"evil"),
        Node("usr/../../outside", b"evil"),
        Node(PATH, PROGRAM),
    )
    take(tagged(registry, registry.content.image(layer)), directory)
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "program"]


@pytest.mark.parametrize("scheme", ["", "Bearer"])
def test_pulls_anonymously_with_a_token_or_without(scheme: str, tmp_path: Path) -> None:
    with Registry(Content(), scheme=scheme) as registry:
        image = tagged(registry, serving(registry))
        assert take(image, tmp_path).path.read_bytes() == PROGRAM
        assert any("/token" in path for path in registry.requests) == bool(scheme)


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_signs_in_with_the_account_that_the_environment_gives(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Registry(Content(), scheme=scheme, account="me:s:ecret") as registry:
        image = tagged(registry, serving(registry))
        monkeypatch.setenv(USERNAME, "me")
        monkeypatch.setenv(PASSWORD, "s:ecret")
        assert take(image, tmp_path).path.read_bytes() == PROGRAM


def test_a_token_that_expires_during_the_pull_is_renewed(registry: Registry, tmp_path: Path) -> None:
    image = tagged(registry, serving(registry))

    def forget(line: str) -> None:
        if "layer 2" in line:
            registry.tokens.clear()

    assert take_program(image, tmp_path / "program", forget, pause=0.01).path.read_bytes() == PROGRAM
    assert sum("/token" in path for path in registry.requests) == 2


def test_a_token_does_not_follow_a_redirect_to_another_host(registry: Registry, tmp_path: Path) -> None:
    seen = []
    with Registry(registry.content) as storage:
        handler: Any = storage._server.RequestHandlerClass
        answer = handler.do_GET

        def record(self: Any) -> None:
            seen.append(self.headers.get("Authorization"))
            answer(self)

        handler.do_GET = record
        registry.redirects = f"http://localhost:{storage.host.rpartition(':')[2]}"
        image = tagged(registry, serving(registry))
        assert take(image, tmp_path).path.read_bytes() == PROGRAM
    assert seen
    assert not any(seen)


@pytest.mark.fault
@pytest.mark.parametrize("fault", [503, 429, "cut", "flip"])
def test_transient_failures_are_retried(fault: int | str, registry: Registry, tmp_path: Path) -> None:
    image = tagged(registry, serving(registry))
    registry.faults["/blobs/"] = [200, fault, fault]
    assert take(image, tmp_path).path.read_bytes() == PROGRAM


@pytest.mark.fault
def test_a_rate_limit_is_named_with_the_ways_around_it(registry: Registry, tmp_path: Path) -> None:
    image = tagged(registry, serving(registry))
    registry.faults["/manifests/"] = [429] * 9
    with pytest.raises(OptimizerError) as caught:
        take(image, tmp_path)
    text = str(caught.value)
    assert "refuses more downloads for now" in text
    assert "copy the image to an ECR repository" in text
    assert caught.value.hints == (Hint.SERVER_IMAGE, Hint.LITERT_SERVER, Hint.REGISTRY_CREDENTIALS)
    assert USERNAME in text
    assert "try again later" in text


def test_a_script_is_accepted_because_the_trial_tests_it(registry: Registry, tmp_path: Path) -> None:
    image = tagged(registry, registry.content.image(layer_of(Node(PATH, b"#!/bin/sh\nexit 0\n"))))
    assert take(image, tmp_path).size == 17


def test_a_kept_program_is_not_downloaded_again_unless_it_was_changed(registry: Registry, tmp_path: Path) -> None:
    image, cache = tagged(registry, serving(registry)), tmp_path / "cache"
    first = take(image, tmp_path, cache=cache)
    registry.requests.clear()

    assert take(image, tmp_path, cache=cache) == first
    (kept,) = (path for path in cache.rglob("*") if path.is_file())
    assert sum("/blobs/" in path for path in registry.requests) == 1, "only the configuration is asked for"

    kept.write_bytes(b"changed")
    assert take(image, tmp_path, cache=cache).path.read_bytes() == PROGRAM


def test_the_role_gets_a_token_from_ecr(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    from botocore.stub import Stubber

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    client = boto3.client("ecr", region_name="eu-west-1")
    asked = []
    monkeypatch.setattr(boto3, "client", lambda *names, **options: asked.append((names, options)) or client)
    registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    with Stubber(client) as stubber:
        stubber.add_response(
            "get_authorization_token", {"authorizationData": [{"authorizationToken": "QVdTOnNlY3JldA=="}]}
        )
        found = credentials_for(registry)
        assert found is not None
        assert (found.username, found.password) == ("AWS", "secret")
        assert asked == [(("ecr",), {"region_name": "eu-west-1"})]
        stubber.add_client_error("get_authorization_token", "AccessDeniedException")
        with pytest.raises(OptimizerError, match="allow the role ecr:GetAuthorizationToken") as caught:
            credentials_for(registry)
    assert caught.value.exit_code is ExitCode.FAILED


def test_no_proxy_is_used_for_a_registry_on_this_machine(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert take(tagged(registry, serving(registry)), tmp_path).path.read_bytes() == PROGRAM
