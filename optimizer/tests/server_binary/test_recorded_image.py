"""`npm run lock -- serving-image`: what it records of an image, from a registry on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from serving_images import serving, tagged
from stand_in_registry import Registry, index_of
from stand_in_registry.content import digest_of

_REPOSITORY = Path(__file__).parents[3]
_SCRIPT = _REPOSITORY / "scripts" / "setup" / "serving_image.py"


def record(source: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, _SCRIPT, "--source", source], capture_output=True, text=True, check=False)


def source_of(image: str, directory: Path) -> Path:
    """Return a copy of the library's own file that names another release."""
    source = directory / "default-image.ts"
    text = (_REPOSITORY / "lib" / "serving" / "default-image.ts").read_text()
    source.write_text(text.replace("tensorflow/serving:2.20.0", image))
    return source


def test_the_digest_of_the_index_is_recorded_without_a_download(registry: Registry, tmp_path: Path) -> None:
    index = index_of(("linux/amd64", serving(registry)))
    image = tagged(registry, index)
    source = source_of(image, tmp_path)
    result = record(source)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{image}@{digest_of(index)}\n"
    assert f"SERVING_DIGEST: string | undefined = '{digest_of(index)}';" in source.read_text()
    assert not any("/blobs/" in path for path in registry.requests)
    assert record(source).returncode == 0, "and it can be recorded again"


def test_what_cannot_be_had_changes_nothing(registry: Registry, tmp_path: Path) -> None:
    arm = index_of(("linux/arm64", serving(registry)))
    for image, said in [
        (tagged(registry, arm, "arm"), "is for linux/arm64, and linux/amd64 is needed"),
        (f"{registry.host}/tensorflow/serving:9", "there is no image"),
    ]:
        source = source_of(image, tmp_path)
        before = source.read_text()
        result = record(source)
        assert result.returncode == 1
        assert said in result.stderr
        assert source.read_text() == before
