"""Taking the program out of an image: real requests to a registry on this machine."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import struct
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from stand_in_registry import Content, Node, Registry, index_of, layer_of
from stand_in_registry.content import MANIFEST, digest_of
from tensorflow_optimizer.errors import BadInputError, ExitCode, OptimizerError
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.server_binary.credentials import PASSWORD, USERNAME, credentials_for
from tensorflow_optimizer.server_binary.take import take_program

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.server_binary.take import TakenProgram

PATH = "usr/bin/tensorflow_model_server"


def elf(machine: int = 62, text: bytes = b"the server") -> bytes:
    """Return the beginning of a program as a linker writes it, for 64 bits and little-endian."""
    header = struct.pack("<HHIQQQI6H", 2, machine, 1, 0, 64, 0, 0, 64, 56, 0, 0, 0, 0)
    return b"\x7fELF" + bytes([2, 1, 1]) + bytes(9) + header + text


PROGRAM = elf(text=b"the server" * 40_000)


def tagged(registry: Registry, manifest: bytes, tag: str = "2.20.0") -> str:
    """Let a tag stand for a manifest and return the image's name."""
    registry.content.tag("tensorflow/serving", tag, manifest)
    return f"{registry.host}/tensorflow/serving:{tag}"


def serving(registry: Registry, program: bytes = PROGRAM) -> bytes:
    """Keep an image as TensorFlow Serving's is made, and return its manifest."""
    return registry.content.image(
        layer_of(Node("etc/os-release", b"NAME=x")),
        layer_of(
            Node("usr/", kind=tarfile.DIRTYPE), Node("usr/bin/", kind=tarfile.DIRTYPE), Node(f"./{PATH}", program)
        ),
        layer_of(Node("usr/bin/tf_serving_entrypoint.sh", b"#!/bin/bash\n")),
    )


def take(image: str, directory: Path, **more: Any) -> TakenProgram:
    return take_program(image, directory / "program", lambda _: None, pause=0.01, **more)


def refusal(image: str, directory: Path, kind: type[OptimizerError] = BadInputError) -> str:
    with pytest.raises(OptimizerError) as caught:
        take(image, directory)
    assert type(caught.value) is kind, caught.value
    assert not list(directory.iterdir()), "something half-done was left"
    return str(caught.value)


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


@pytest.mark.fault(
    "names in an image's layers point outside it",
    sees="nothing outside is written; the program is taken",
    serves="the new version",
)
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


@pytest.mark.fault(
    "the registry fails, or cuts a layer",
    sees="nothing: the request is repeated",
    serves="the new version",
)
@pytest.mark.parametrize("fault", [503, 429, "cut", "flip"])
def test_transient_failures_are_retried(fault: int | str, registry: Registry, tmp_path: Path) -> None:
    image = tagged(registry, serving(registry))
    registry.faults["/blobs/"] = [200, fault, fault]
    assert take(image, tmp_path).path.read_bytes() == PROGRAM


@pytest.mark.fault(
    "the registry limits the rate",
    sees="one sentence with the ways around it",
    serves="the previous version",
)
def test_a_rate_limit_is_named_with_the_ways_around_it(registry: Registry, tmp_path: Path) -> None:
    image = tagged(registry, serving(registry))
    registry.faults["/manifests/"] = [429] * 9
    with pytest.raises(OptimizerError) as caught:
        take(image, tmp_path)
    text = str(caught.value)
    assert "refuses more downloads for now" in text
    assert "copy the image to an ECR repository" in text
    assert caught.value.hints == (Hint.SERVER_IMAGE, Hint.REGISTRY_CREDENTIALS)
    assert USERNAME in text
    assert "try again later" in text


def test_a_missing_tag_is_named(registry: Registry, tmp_path: Path) -> None:
    text = refusal(f"{registry.host}/tensorflow/serving:9", tmp_path)
    assert f"there is no image {registry.host}/tensorflow/serving:9" in text
    assert "check its name and its tag" in text


@pytest.mark.parametrize("account", ["", "me:wrong"])
def test_a_pull_that_is_not_allowed_is_named(account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if account:
        monkeypatch.setenv(USERNAME, "me")
        monkeypatch.setenv(PASSWORD, "wrong")
    with Registry(Content(), scheme="Bearer", account="me:right") as registry:
        text = refusal(tagged(registry, serving(registry)), tmp_path)
    assert ("cannot be pulled with these credentials" if account else "cannot be pulled anonymously") in text
    assert USERNAME in text


def test_incomplete_credentials_are_refused(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(USERNAME, "me")
    assert "only one of them is set" in refusal(tagged(registry, serving(registry)), tmp_path)


def test_an_image_for_another_processor_is_refused_with_or_without_an_index(registry: Registry, tmp_path: Path) -> None:
    manifest = registry.content.image(layer_of(Node(PATH, PROGRAM)), architecture="arm64")
    for one in (manifest, index_of(("linux/arm64", manifest))):
        text = refusal(tagged(registry, one), tmp_path)
        assert "is for linux/arm64, and linux/amd64 is needed" in text


@pytest.mark.parametrize(
    ("program", "text"),
    [
        (elf(machine=183), "is a program for arm64, and x86_64 is needed"),
        (b"\x7fELF\x01" + elf(machine=3)[5:], "is a program for x86, and x86_64"),
        (b"MZ" * 20, "is not a program for Linux, but a file that begins with b'MZMZMZMZ'"),
        (b"", "is not a program for Linux"),
    ],
)
def test_a_program_that_cannot_run_there_is_refused(
    program: bytes, text: str, registry: Registry, tmp_path: Path
) -> None:
    image = tagged(registry, registry.content.image(layer_of(Node(PATH, program))))
    with pytest.raises(BadInputError, match=re.escape(text)):
        take(image, tmp_path)


def test_a_script_is_accepted_because_the_trial_tests_it(registry: Registry, tmp_path: Path) -> None:
    image = tagged(registry, registry.content.image(layer_of(Node(PATH, b"#!/bin/sh\nexit 0\n"))))
    assert take(image, tmp_path).size == 17


def test_an_image_without_the_program_is_refused(registry: Registry, tmp_path: Path) -> None:
    image = tagged(registry, registry.content.image(layer_of(Node("usr/bin/python3", PROGRAM))))
    with pytest.raises(BadInputError) as caught:
        take(image, tmp_path)
    assert f"holds no /{PATH} (it has no file /{PATH})" in str(caught.value)
    assert "give the program itself" in str(caught.value)
    assert caught.value.hints == (Hint.SERVER_PROGRAM,)


def test_a_program_that_a_higher_layer_removes_is_not_used(registry: Registry, tmp_path: Path) -> None:
    removed = layer_of(Node("usr/bin/.wh.tensorflow_model_server"))
    image = tagged(registry, registry.content.image(layer_of(Node(PATH, PROGRAM)), removed))
    assert "holds no" in refusal(image, tmp_path)


@pytest.mark.fault(
    "the registry sends a layer with another digest",
    sees="the layer is downloaded three times, then the build fails: `a layer … is damaged`",
    serves="the previous version",
)
def test_a_layer_that_never_matches_its_digest_is_refused(registry: Registry, tmp_path: Path) -> None:
    manifest = serving(registry)
    registry.faults[json.loads(manifest)["layers"][1]["digest"]] = ["flip"] * 3
    text = refusal(tagged(registry, manifest), tmp_path)
    assert "a layer of" in text
    assert "is damaged" in text


def test_a_layer_whose_download_always_breaks_off_is_not_blamed_on_the_image(
    registry: Registry, tmp_path: Path
) -> None:
    manifest = serving(registry)
    registry.faults[json.loads(manifest)["layers"][1]["digest"]] = ["cut"] * 9
    assert "the download broke off after" in refusal(tagged(registry, manifest), tmp_path, OptimizerError)


def test_a_layer_whose_size_differs_from_the_manifest_is_refused(registry: Registry, tmp_path: Path) -> None:
    document = json.loads(serving(registry))
    document["layers"][-1]["size"] -= 1
    assert "is damaged" in refusal(tagged(registry, json.dumps(document).encode()), tmp_path)


@pytest.mark.fault(
    "the registry sends another manifest or configuration than was asked for",
    sees="the build fails and names the document",
    serves="the previous version",
)
@pytest.mark.parametrize("what", ["manifest", "configuration"])
def test_documents_are_compared_with_their_digests_too(what: str, registry: Registry, tmp_path: Path) -> None:
    manifest = serving(registry)
    image = f"{tagged(registry, manifest)}@{digest_of(manifest)}"
    if what == "manifest":
        registry.content.manifests[digest_of(manifest)] = manifest.replace(b'"size": ', b'"size":  ', 1)
    else:
        registry.content.blobs[json.loads(manifest)["config"]["digest"]] = b'{"os": "linux", "architecture": "amd64"}'
    assert f"the {what} of" in refusal(image, tmp_path)


def test_zstandard_is_refused_with_the_way_to_push_gzip(registry: Registry, tmp_path: Path) -> None:
    image = tagged(registry, registry.content.image(b"\x28\xb5\x2f\xfd" + bytes(100)))
    text = refusal(image, tmp_path)
    assert "compressed with zstd" in text
    assert "compression=gzip" in text


@pytest.mark.parametrize("layer", [b"no archive", layer_of(Node(PATH, PROGRAM))[:-2000]])
def test_a_layer_that_cannot_be_unpacked_is_refused(layer: bytes, registry: Registry, tmp_path: Path) -> None:
    assert "cannot be unpacked" in refusal(tagged(registry, registry.content.image(layer)), tmp_path)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"<html>", "is not JSON"),
        (b"[]", "is not a manifest"),
        (b'{"schemaVersion": 1, "fsLayers": []}', "an OCI image manifest or Docker's schema 2 is needed"),
        (json.dumps({"mediaType": MANIFEST, "layers": [], "config": {"digest": "md5:1"}}).encode(), "no sha256 digest"),
    ],
)
def test_a_document_that_is_not_a_manifest_is_refused(
    content: bytes, text: str, registry: Registry, tmp_path: Path
) -> None:
    tagged(registry, b"{}")
    digest = digest_of(content)
    registry.content.manifests[digest] = content
    registry.content.tags["tensorflow/serving", "2.20.0"] = digest
    assert text in refusal(f"{registry.host}/tensorflow/serving:2.20.0", tmp_path)


def test_an_unreachable_registry_is_named_with_the_ways_out(tmp_path: Path) -> None:
    with Registry(Content()) as registry:
        host = registry.host
    text = refusal(f"{host}/serving:1", tmp_path, OptimizerError)
    assert f"{host} cannot be reached" in text
    assert "VPC" in text


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
