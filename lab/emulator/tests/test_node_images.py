"""Images for real nodes, and the registry that serves them. `npm run test:nodes` pulls them."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import tarfile
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from embedded_aws.eks.real_nodes import stand_in_image
from embedded_aws.eks.real_nodes.images import Images
from embedded_aws.eks.real_nodes.oci_image import Image, Layer, make_image
from embedded_aws.eks.real_nodes.registry import Registry
from support import put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def image(tmp_path: Path) -> Image:
    tree = tmp_path / "tree"
    (tree / "kept").mkdir(parents=True)
    (tree / "kept" / "file").write_text("content")
    (tree / "kept" / "file").chmod(0o600)
    (tree / "tests").mkdir()
    (tree / "tests" / "file").write_text("left out")
    layer = Layer({"/opt/tree": tree, "/bin/program": b"program"}, {"/usr/bin/sh": "bash"}, re.compile(r"/tests$"))
    return make_image(layer, tmp_path / "layer.tar", ["/bin/program"])


@pytest.fixture
def registry(image: Image) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    served = Registry(listener, {"registry.example.com/some/image": image})
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    served.close()


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:
        content: bytes = answer.read()
        return content


def test_an_image_belongs_to_root_everyone_reads_it_and_what_is_excluded_is_not_in_it(
    image: Image, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "layer.tar") as layer:
        items = {item.name: item for item in layer.getmembers()}

    assert sorted(items) == [
        *("bin", "bin/program", "opt", "opt/tree", "opt/tree/kept", "opt/tree/kept/file", "usr", "usr/bin"),
        "usr/bin/sh",
    ]
    assert {item.uid for item in items.values()} == {0}
    assert items["opt/tree/kept/file"].mode & 0o444 == 0o444
    assert items["bin/program"].mode & 0o555 == 0o555
    assert items["usr/bin/sh"].linkname == "bash"


def test_the_registry_serves_an_image_with_any_tag_and_each_of_its_blobs(registry: str, tmp_path: Path) -> None:
    manifest = json.loads(get(f"{registry}/v2/some/image/manifests/any?ns=registry.example.com"))
    config = json.loads(get(f"{registry}/v2/some/image/blobs/{manifest['config']['digest']}?ns=registry.example.com"))
    (layer,) = manifest["layers"]
    content = get(f"{registry}/v2/some/image/blobs/{layer['digest']}?ns=registry.example.com")

    assert config["config"]["Entrypoint"] == ["/bin/program"]
    assert config["rootfs"]["diff_ids"] == [layer["digest"]]
    assert content == (tmp_path / "layer.tar").read_bytes()
    assert layer["size"] == len(content)


@pytest.mark.parametrize(
    "path",
    [
        "/v2/some/image/manifests/any?ns=another.example.com",
        "/v2/another/image/manifests/any?ns=registry.example.com",
        f"/v2/some/image/manifests/sha256:{'0' * 64}?ns=registry.example.com",
    ],
)
def test_the_registry_has_no_other_image(registry: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{registry}{path}")


def test_an_image_is_made_when_it_is_first_asked_for_and_once_whoever_asks_at_the_same_time(image: Image) -> None:
    made = []

    def make() -> Image:
        time.sleep(0.2)
        made.append(image)
        return image

    images = Images({"registry.example.com/some/image": make})
    assert made == []

    with ThreadPoolExecutor(3) as nodes:
        found = list(nodes.map(images.get, ["registry.example.com/some/image"] * 3))

    assert found == [image] * 3
    assert made == [image]
    assert images.get("registry.example.com/another") is None


def test_who_asks_for_an_image_that_is_being_made_is_told_to_ask_again(image: Image) -> None:
    finished = threading.Event()

    def make() -> Image:
        finished.wait(60)
        return image

    listener = socket.create_server(("127.0.0.1", 0))
    served = Registry(listener, Images({"registry.example.com/some/image": make}, patience=0.1))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/v2/some/image/manifests/any?ns=registry.example.com"
    try:
        for _ in range(2):
            with pytest.raises(urllib.error.HTTPError, match="408"):
                get(address)
        finished.set()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.HTTPError):
                assert json.loads(get(address))["layers"]
                return
        pytest.fail("it was never made")
    finally:
        finished.set()
        served.close()


def test_an_image_that_cannot_be_made_cannot_be_pulled_until_it_can(
    image: Image, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[OSError | Image] = [OSError("no Python here"), image]

    def make() -> Image:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    listener = socket.create_server(("127.0.0.1", 0))
    served = Registry(listener, Images({"registry.example.com/some/image": make}))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/v2/some/image/manifests/any?ns=registry.example.com"
    try:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(address)
        assert "registry.example.com/some/image cannot be made: no Python here" in caplog.text
        assert json.loads(get(address))["layers"]
    finally:
        served.close()


@pytest.fixture
def stand_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of the stand-in's Python, which describes two packages and compiles one module."""
    library, packages = tmp_path / "lib" / "python3.13", tmp_path / "packages"
    put(library / "test", "unneeded.py")
    put(library / "json", "__init__.py")
    put(packages / "tensorflow" / "include", "header.h")
    put(packages / "tensorflow" / "python" / "test", "needed.py")
    put(packages / "pytest", "unneeded.py")
    described = {"library": str(library), "packages": str(packages), "names": ["tensorflow"]}
    program = tmp_path / "python"
    program.write_text(
        "#!/bin/sh\n"
        '[ -z "$PYTHONDONTWRITEBYTECODE" ] || exit 1\n'
        'mkdir -p "$PYTHONPYCACHEPREFIX/packages/site-packages"\n'
        ': > "$PYTHONPYCACHEPREFIX/packages/site-packages/module.pyc"\n'
        f"echo '{json.dumps(described)}'\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(stand_in_image, "STAND_IN", [str(program), "-m", "stand_in_server"])
    monkeypatch.setattr(stand_in_image, "linux", Layer)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return program


def test_the_image_of_the_stand_in_has_its_python_its_packages_and_what_was_compiled(
    stand_in_python: Path, tmp_path: Path
) -> None:
    layer = stand_in_image.stand_in_layer(tmp_path / "compiled")
    make_image(layer, tmp_path / "serving.tar")

    with tarfile.open(tmp_path / "serving.tar") as archive:
        files = {f"/{item.name}" for item in archive.getmembers() if item.isfile()}
        started = archive.extractfile("usr/bin/tensorflow_model_server")
        assert started
        script = started.read().decode()
    assert {name for name in files if "stand_ins" not in name} == {
        str(stand_in_python),
        str(tmp_path / "lib" / "python3.13" / "json" / "__init__.py"),
        # Directories of this name are left out of the standard library only.
        str(tmp_path / "packages" / "tensorflow" / "python" / "test" / "needed.py"),
        "/opt/compiled/packages/site-packages/module.pyc",
        "/usr/bin/tensorflow_model_server",
    }
    source = stand_in_image.REPOSITORY / "lab" / "stand_ins"
    assert str(source / "stand_in_server" / "server.py") in files
    assert f"PYTHONPATH={source}:{tmp_path / 'packages'} PYTHONPYCACHEPREFIX=/opt/compiled " in script
    assert f'exec {stand_in_python} -m stand_in_server "$@"' in script


def test_without_the_set_up_there_is_no_image_of_the_stand_in(stand_in_python: Path, tmp_path: Path) -> None:
    stand_in_python.write_text("#!/bin/sh\necho no module named tensorflow >&2\nexit 1\n")

    with pytest.raises(OSError, match="the stand-in for TensorFlow Serving does not run: no module named tensorflow"):
        stand_in_image.stand_in_layer(tmp_path / "compiled")
