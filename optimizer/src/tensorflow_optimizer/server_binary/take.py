"""Extracts the server's program from an image."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadInputError
from ..hints import Hint
from ..sources.digest import file_digest
from .credentials import credentials_for
from .errors import BRING
from .layer import Layer
from .locate import NotThereError, Stack
from .manifests import ImageManifest, check_platform, read_manifest
from .mirrors import mirror_of
from .program import check_program
from .reference import parse_reference
from .registry import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .manifests import Descriptor
    from .reference import ImageReference

PROGRAM = "tensorflow_model_server"
PATH_IN_IMAGE = f"usr/bin/{PROGRAM}"
#: An index may refer to an index; more levels than this do not occur.
_MOST_INDEXES = 3


@dataclass(frozen=True)
class TakenProgram:
    """A program extracted from an image."""

    path: Path
    image: str
    """Reference of the image in the words of the user."""
    digest: str
    """Digest of the image: `<repository>@<digest>` never names another one."""
    sha256: str
    """SHA-256 of the program."""
    size: int


def take_program(
    image: str, target: Path, log: Callable[[str], None], *, cache: Path | None = None, pause: float = 1.0
) -> TakenProgram:
    """Write /usr/bin/tensorflow_model_server of an image to a file.

    Args:
        image: The image, with a tag or a digest.
        target: The file to write.
        log: Receives one line about each step.
        cache: A directory that caches programs by the digest of their image's manifest; None for no cache.
        pause: Seconds before the first retry of a request.

    Raises:
        OptimizerError: The image or program does not exist or is not accessible.
    """
    reference = parse_reference(image)
    credentials = credentials_for(reference.registry)
    repository = Repository(reference, credentials, pause=pause, mirror=mirror_of(reference), log=log)
    log(f"asking {reference.registry} for {image}")
    manifest, digest, manifest_digest = _resolve(reference, repository)
    kept = cache / manifest_digest.replace(":", "-") if cache else None
    if kept is None or not _restore(kept, target):
        with tempfile.TemporaryDirectory(prefix="layers-", dir=target.parent) as scratch:
            layers = _topmost_first(reference, repository, manifest.layers, Path(scratch), log)
            _extract(reference, Stack(layers), target)
        check_program(target, f"/{PATH_IN_IMAGE} of {image}")
        if kept is not None:
            _keep(kept, target)
    target.chmod(0o755)
    taken = TakenProgram(target, image, digest, file_digest(target), target.stat().st_size)
    log(f"{PROGRAM} of {image} ({digest}): {taken.size:,} bytes, SHA-256 {taken.sha256}")
    return taken


def _resolve(reference: ImageReference, repository: Repository) -> tuple[ImageManifest, str, str]:
    """Return the manifest for our platform, the name's digest, and the manifest's own."""
    content, media_type, digest = repository.manifest(reference.tag_or_digest)
    named = digest
    for _ in range(_MOST_INDEXES):
        manifest = read_manifest(reference, content, media_type)
        if isinstance(manifest, ImageManifest):
            check_platform(reference, repository.document(manifest.config))
            return manifest, named, digest
        content, media_type, digest = repository.manifest(manifest.digest)
    raise BadInputError(f"{reference.image} is an index of indexes without end: name one image by its digest")


def _topmost_first(
    reference: ImageReference,
    repository: Repository,
    layers: list[Descriptor],
    scratch: Path,
    log: Callable[[str], None],
) -> Iterator[Layer]:
    for number, descriptor in reversed(list(enumerate(layers, start=1))):
        log(f"  layer {number} of {len(layers)}, {descriptor.size / 1e6:.1f} MB")
        file = scratch / f"{number}"
        repository.download(descriptor, file)
        yield Layer(file, f"layer {number} of {reference.image}")


def _extract(reference: ImageReference, stack: Stack[Layer], target: Path) -> None:
    try:
        layer, name = stack.locate(PATH_IN_IMAGE)
    except NotThereError as error:
        raise BadInputError(
            f"{reference.image} holds no /{PATH_IN_IMAGE} ({error}): name an image of TensorFlow Serving, or {BRING}",
            Hint.SERVER_PROGRAM,
        ) from error
    layer.extract(name, target)


def _keep(kept: Path, program: Path) -> None:
    """Cache a program under its own SHA-256, completely or not at all."""
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=kept, prefix=".", delete=False) as unfinished:
        pass
    path = Path(unfinished.name)
    try:
        shutil.copyfile(program, path)
        path.replace(kept / file_digest(program))
    finally:
        path.unlink(missing_ok=True)


def _restore(kept: Path, target: Path) -> bool:
    """Restore a program from the cache if its content matches its name."""
    for path in kept.glob("[0-9a-f]*") if kept.is_dir() else ():
        if file_digest(path) == path.name:
            shutil.copyfile(path, target)
            return True
    return False
