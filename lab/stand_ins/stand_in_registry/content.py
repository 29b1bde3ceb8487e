"""Images as a registry keeps them: blobs by their digest, manifests by digest and by tag."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True)
class Node:
    """One name in a layer: a file with content, or a link."""

    name: str
    content: bytes = b""
    kind: bytes = tarfile.REGTYPE
    target: str = ""


def layer_of(*nodes: Node) -> bytes:
    """Return a layer: a compressed tar archive with exactly these names, in this order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for node in nodes:
            member = tarfile.TarInfo(node.name)
            member.type, member.linkname = node.kind, node.target
            member.size = len(node.content)
            member.mode = 0o755
            archive.addfile(member, io.BytesIO(node.content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def digest_of(content: bytes) -> str:
    """Return what content is called."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def descriptor_of(content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    """Return what a manifest says of content that it points at."""
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content), **more}


def index_of(*platforms: tuple[str, bytes], media_type: str = INDEX) -> bytes:
    """Return a list of manifests by platform, such as linux/amd64."""
    manifests = [
        descriptor_of(manifest, MANIFEST, platform=dict(zip(("os", "architecture"), name.split("/"), strict=True)))
        for name, manifest in platforms
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}).encode()


@dataclass
class Content:
    """The content of a registry."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    """Manifests by digest, over all repositories."""
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    """The digest that a repository's tag stands for."""

    def blob(self, content: bytes) -> bytes:
        """Keep a blob and return it."""
        self.blobs[digest_of(content)] = content
        return content

    def image(self, *layers: bytes, os: str = "linux", architecture: str = "amd64", **changes: Any) -> bytes:
        """Keep an image's layers, lowest first, and return its manifest, which is kept too."""
        config = self.blob(json.dumps({"os": os, "architecture": architecture, "config": {}}).encode())
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor_of(config, CONFIG),
            "layers": [descriptor_of(self.blob(layer), LAYER) for layer in layers],
            **changes,
        }
        return self.manifest(json.dumps(document).encode())

    def manifest(self, content: bytes) -> bytes:
        """Keep a manifest or an index and return it."""
        self.manifests[digest_of(content)] = content
        return content

    def tag(self, repository: str, tag: str, manifest: bytes) -> str:
        """Let a tag stand for a manifest, and return the manifest's digest."""
        self.tags[repository, tag] = digest_of(self.manifest(manifest))
        return self.tags[repository, tag]


def one_image(program: bytes, repository: str, tag: str) -> Content:
    """Return a registry's content with one image as TensorFlow Serving's is made: the program in a layer of its own."""
    content = Content()
    manifest = content.image(
        layer_of(Node("etc/os-release", b"NAME=none\n")),
        layer_of(Node("usr/bin/tensorflow_model_server", program)),
        layer_of(Node("usr/bin/tf_serving_entrypoint.sh", b"#!/bin/bash\n")),
    )
    content.tag(repository, tag, index_of(("linux/amd64", manifest)))
    return content
