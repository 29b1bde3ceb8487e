"""Images whose program cannot be taken out: what the refusal says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from stand_in_registry import Content, Node, Registry, index_of, layer_of
from stand_in_registry.content import MANIFEST, digest_of
from tensorflow_optimizer.errors import BadInputError, OptimizerError
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.server_binary.credentials import PASSWORD, USERNAME

if TYPE_CHECKING:
    from pathlib import Path


from serving_images import PATH, PROGRAM, elf, refusal, serving, tagged, take


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
    for entry in (manifest, index_of(("linux/arm64", manifest))):
        text = refusal(tagged(registry, entry), tmp_path)
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


@pytest.mark.fault
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


@pytest.mark.fault
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
