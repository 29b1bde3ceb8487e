"""A registry that refuses more downloads, as Docker Hub does, and its mirror: real requests to two on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from serving_images import PROGRAM, elf, refusal, serving, tagged, take
from stand_in_registry import Content, Registry, index_of
from stand_in_registry.content import digest_of
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.server_binary.credentials import PASSWORD, USERNAME
from tensorflow_optimizer.server_binary.mirrors import MIRRORS, mirror_of
from tensorflow_optimizer.server_binary.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def hub() -> Iterator[Registry]:
    """A registry whose limit is used up by others from the same address."""
    with Registry(Content(), scheme="Bearer", pulls=0) as running:
        yield running


@pytest.fixture
def mirror(hub: Registry, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A mirror that has what the registry has."""
    with Registry(hub.content) as running:
        monkeypatch.setitem(MIRRORS, hub.host, running.host)
        yield running


def pinned(hub: Registry) -> str:
    index = index_of(("linux/amd64", serving(hub)))
    return f"{tagged(hub, index)}@{digest_of(index)}"


def test_only_docker_hub_has_a_mirror() -> None:
    assert mirror_of(parse_reference("registry.example.com/serving:1")) is None
    assert mirror_of(parse_reference("123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/serving:1")) is None
    mirror = mirror_of(parse_reference("tensorflow/serving:2.20.0"))
    assert mirror is not None
    assert mirror.base_url == "https://mirror.gcr.io/v2/tensorflow/serving"


@pytest.mark.fault
@pytest.mark.parametrize("by_digest", [True, False])
def test_the_mirror_is_asked_for_the_same_digest_at_once(
    by_digest: bool, hub: Registry, mirror: Registry, tmp_path: Path
) -> None:
    image = pinned(hub)
    taken = take(image if by_digest else image.partition("@")[0], tmp_path)
    assert taken.path.read_bytes() == PROGRAM
    assert taken.digest == image.partition("@")[2]
    refused = [path for path in hub.requests if path.endswith(taken.digest)]
    assert len(refused) == (2 if by_digest else 1), "the first without a token, which a tag's digest needed before"
    assert not any("/blobs/" in path for path in hub.requests)


def test_a_pull_of_a_tag_that_needs_no_mirror_asks_none(hub: Registry, mirror: Registry, tmp_path: Path) -> None:
    hub.pulls = None
    assert take(pinned(hub).partition("@")[0], tmp_path).path.read_bytes() == PROGRAM
    assert mirror.requests == []


def test_a_refusal_between_two_requests_moves_to_the_mirror(hub: Registry, mirror: Registry, tmp_path: Path) -> None:
    hub.pulls = 1
    assert take(pinned(hub), tmp_path).path.read_bytes() == PROGRAM
    assert any("/blobs/" in path for path in mirror.requests)


def test_what_a_mirror_answers_is_believed_by_its_digest_only(hub: Registry, mirror: Registry, tmp_path: Path) -> None:
    image = pinned(hub)
    other = Content()
    other.manifests[image.partition("@")[2]] = other.image(elf(text=b"another server"))
    mirror.content = other
    with pytest.raises(OptimizerError, match="its digest is"):
        take(image, tmp_path)


def test_the_account_s_password_is_not_sent_to_the_mirror(
    hub: Registry, mirror: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.account = "me:secret"
    mirror.scheme, mirror.account = "Basic", "me:secret"
    monkeypatch.setenv(USERNAME, "me")
    monkeypatch.setenv(PASSWORD, "secret")
    with pytest.raises(OptimizerError, match=r"its mirror does not help: .* cannot be pulled anonymously"):
        take(pinned(hub), tmp_path)


@pytest.mark.fault
def test_a_mirror_that_lacks_the_image_is_named_with_the_ways_out(
    hub: Registry, mirror: Registry, tmp_path: Path
) -> None:
    image = pinned(hub)
    mirror.content = Content()
    with pytest.raises(OptimizerError) as caught:
        take(image, tmp_path)
    text = str(caught.value)
    assert f"{hub.host} answers 429 (You have reached your unauthenticated pull rate limit.)" in text
    assert f"its mirror does not help: there is no image {image} ({mirror.host} answers 404" in text
    assert "copy the image to an ECR repository" in text
    assert "serve the model with LiteRT" in text
    assert caught.value.hints == (Hint.SERVER_IMAGE, Hint.LITERT_SERVER, Hint.REGISTRY_CREDENTIALS)


@pytest.mark.parametrize("refused", ["/token", "/manifests/2.20.0"])
def test_a_tag_whose_digest_is_unknown_is_not_asked_of_a_mirror(
    refused: str, hub: Registry, mirror: Registry, tmp_path: Path
) -> None:
    image = pinned(hub).partition("@")[0]
    hub.faults[refused] = [429] * 9
    with pytest.raises(OptimizerError, match="is asked by digests only") as caught:
        take(image, tmp_path)
    assert "name the image by its digest" in str(caught.value)
    assert mirror.requests == []


def test_without_a_mirror_a_burst_is_asked_again(registry: Registry, tmp_path: Path) -> None:
    image = tagged(registry, serving(registry))
    registry.faults["/manifests/"] = [429, 429]
    assert take(image, tmp_path).path.read_bytes() == PROGRAM
    registry.faults["/manifests/"] = [429] * 9
    directory = tmp_path / "refused"
    directory.mkdir()
    assert "refuses more downloads for now" in refusal(image, directory, OptimizerError)
