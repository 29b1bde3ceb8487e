"""Images made of files of this machine, in the form of the Open Container Initiative."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Image:
    """One that a registry can serve.

    Attributes:
        manifest: its digest.
        blobs: the content, or the file with it, by the digest; the manifest's included.
    """

    manifest: str
    blobs: dict[str, bytes | Path]


@dataclass
class Layer:
    """Contents of an image.

    Attributes:
        files: the path of a file or directory on this machine, or a file's content, by its path in the image.
        links: the target of a symbolic link by its path in the image.
        exclude: what is left out of directories, by a part of its path.
    """

    files: dict[str, Path | bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    exclude: re.Pattern[str] | None = None

    def write(self, target: Path) -> None:
        """Write it as a tar archive."""
        with tarfile.open(target, "w") as archive:
            for path in sorted(
                {str(parent) for name in [*self.files, *self.links] for parent in Path(name).parents} - {"/"}
            ):
                if path not in self.links:
                    directory = tarfile.TarInfo(path[1:])
                    directory.type, directory.mode = tarfile.DIRTYPE, 0o755
                    archive.addfile(directory)
            for path, source in self.files.items():
                if isinstance(source, bytes):
                    item = tarfile.TarInfo(path[1:])
                    item.size, item.mode = len(source), 0o755
                    archive.addfile(item, io.BytesIO(source))
                else:
                    archive.add(source.resolve(), path[1:], filter=self._of_root)
            for path, target_of_link in self.links.items():
                link = tarfile.TarInfo(path[1:])
                link.type, link.linkname = tarfile.SYMTYPE, target_of_link
                archive.addfile(link)

    def _of_root(self, item: tarfile.TarInfo) -> tarfile.TarInfo | None:
        """Give it to root, and let everyone read it, whoever has it on this machine."""
        if self.exclude and self.exclude.search(item.name):
            return None
        item.uid = item.gid = 0
        item.uname = item.gname = ""
        item.mode |= 0o555 if item.isdir() or item.mode & 0o100 else 0o444
        return item


def make_image(layer: Layer, archive: Path, entrypoint: list[str] | None = None) -> Image:
    """Make an image of one layer.

    Args:
        layer: its content.
        archive: gets the layer.
        entrypoint: what it runs where a pod gives no command.
    """
    layer.write(archive)
    with archive.open("rb") as content:
        digest = "sha256:" + hashlib.file_digest(content, "sha256").hexdigest()
    configuration = {
        "architecture": _ARCHITECTURES[platform.machine()],
        "os": "linux",
        "config": {"Entrypoint": entrypoint or [], "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [digest]},
    }
    config = json.dumps(configuration).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": digest,
                "size": archive.stat().st_size,
            }
        ],
    }
    body = json.dumps(manifest).encode()
    return Image(_digest(body), {_digest(body): body, _digest(config): config, digest: archive})


def _descriptor(media_type: str, content: bytes) -> dict[str, str | int]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
