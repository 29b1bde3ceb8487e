"""Parsing of an image's name."""

from __future__ import annotations

import pytest
from tensorflow_optimizer.errors import BadInputError, ExitCode
from tensorflow_optimizer.server_binary.credentials import ecr_region
from tensorflow_optimizer.server_binary.reference import parse_reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "base_url", "tag_or_digest"),
    [
        ("tensorflow/serving:2.20.0", "https://registry-1.docker.io/v2/tensorflow/serving", "2.20.0"),
        ("serving:1", "https://registry-1.docker.io/v2/library/serving", "1"),
        ("docker.io/tensorflow/serving:1", "https://registry-1.docker.io/v2/tensorflow/serving", "1"),
        (f"tensorflow/serving@{DIGEST}", "https://registry-1.docker.io/v2/tensorflow/serving", DIGEST),
        (f"tensorflow/serving:2.20.0@{DIGEST}", "https://registry-1.docker.io/v2/tensorflow/serving", DIGEST),
        ("registry.example:5000/a/b-c__d:v1.0_x", "https://registry.example:5000/v2/a/b-c__d", "v1.0_x"),
        ("registry.example/serving:1", "https://registry.example/v2/serving", "1"),
        ("localhost/serving:1", "http://localhost/v2/serving", "1"),
        ("127.0.0.1:5000/serving:1", "http://127.0.0.1:5000/v2/serving", "1"),
        ("[::1]:5000/serving:1", "http://[::1]:5000/v2/serving", "1"),
        ("10.0.0.1:5000/serving:1", "https://10.0.0.1:5000/v2/serving", "1"),
    ],
)
def test_a_name_stands_for_an_address_and_a_release(image: str, base_url: str, tag_or_digest: str) -> None:
    reference = parse_reference(image)
    assert (reference.base_url, reference.tag_or_digest, reference.image) == (base_url, tag_or_digest, image)


@pytest.mark.parametrize(
    "image",
    [
        "",
        "Serving:1",
        "a b:1",
        "serving:",
        "serving:-1",
        "serving@sha256:12",
        f"serving@{DIGEST}0",
        "/serving:1",
        "a//b:1",
    ],
)
def test_an_invalid_name_is_refused(image: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_reference(image)
    assert repr(image) in str(caught.value)
    assert caught.value.exit_code is ExitCode.BAD_INPUT


@pytest.mark.parametrize("image", ["serving", "registry.example:5000/serving"])
def test_a_name_without_a_release_is_refused(image: str) -> None:
    with pytest.raises(BadInputError, match=r"names no release: add a tag, such as :2\.20\.0, or a digest"):
        parse_reference(image)


@pytest.mark.parametrize(
    ("registry", "region"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1"),
        ("public.ecr.aws", None),
        ("registry-1.docker.io", None),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.org", None),
    ],
)
def test_private_registries_of_ecr_are_known_by_their_name(registry: str, region: str | None) -> None:
    assert ecr_region(registry) == region
