"""`npm run lock -- serving-image`: records the digest of the default image of TensorFlow Serving.

Needs a way to Docker Hub, and downloads no layer. The index that it records has an image for linux/amd64, and hashes to
the digest: the registry's word is not believed.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(_ROOT / "optimizer" / "src"), str(_ROOT / "runtime" / "shared" / "src")]

from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.server_binary.credentials import credentials_for
from tensorflow_optimizer.server_binary.manifests import read_manifest
from tensorflow_optimizer.server_binary.reference import parse_reference
from tensorflow_optimizer.server_binary.registry import Repository

_SOURCE = _ROOT / "lib" / "serving" / "default-image.ts"
_RELEASE = re.compile(r"(?<=SERVING_RELEASE = ')[^']+")
_DIGEST = re.compile(r"(?<=SERVING_DIGEST: string \| undefined = )[^;]+")


def main() -> int:
    """Run the command, and return its exit code."""
    parser = argparse.ArgumentParser(prog="serving-image", description=__doc__)
    parser.add_argument("--source", type=Path, default=_SOURCE, help="the TypeScript file that names the release")
    source: Path = parser.parse_args().source
    text = source.read_text()
    release = _RELEASE.search(text)
    if release is None or len(_DIGEST.findall(text)) != 1:
        print(f"error: {source} has no SERVING_RELEASE and SERVING_DIGEST as this script writes them", file=sys.stderr)
        return 1
    try:
        digest = digest_of(release[0])
    except OptimizerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    source.write_text(_DIGEST.sub(f"'{digest}'", text))
    print(f"{release[0]}@{digest}")
    return 0


def digest_of(image: str) -> str:
    """Return the digest of an image's manifest or index, by its content.

    Raises:
        OptimizerError: There is none, none for linux/amd64, or the registry does not give it.
    """
    reference = parse_reference(image)
    content, media_type, digest = Repository(reference, credentials_for(reference.registry)).manifest(
        reference.tag_or_digest
    )
    read_manifest(reference, content, media_type)
    return digest


if __name__ == "__main__":
    sys.exit(main())
