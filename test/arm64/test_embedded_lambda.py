"""The program that a Lambda layer holds, as a function on arm64 of the embedded AWS, where qemu runs it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("runtime/handler/src", "runtime/handler/tests", "optimizer/src", "lab/emulator/tests")
sys.path[:0] = [str(ROOT / room) for room in ROOMS]

from handler_models import build_all  # noqa: E402 - the path must be set first
from running import started  # noqa: E402 - the path must be set first
from support import archive, invoke, layer, role, unique, wait_until_updated  # noqa: E402 - the path must be set first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import Running

RUNNER, PROGRAM = (Path(path) for path in json.loads(os.environ["NATIVE_PROGRAM"]))
ARM64 = RUNNER.parent

#: Script that starts the program with the /sys that the function has, unlike the runner.
BOOTSTRAP = f"""#!/bin/sh
exec unshare -m sh -c 'mount --bind {ARM64}/cpuinfo /proc/cpuinfo \\
  && exec {ARM64}/qemu/usr/bin/qemu-aarch64-static -cpu neoverse-n1 -L {ARM64}/root /opt/program'
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    if os.getuid() != 0:
        pytest.skip("qemu needs another /proc/cpuinfo, which only root can mount inside a function")
    with started(tmp_path_factory.mktemp("embedded-aws")) as running:
        yield running


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(build_all(tmp_path_factory.mktemp("models"))["signatures"])


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_a_function_predicts_without_processors_in_sys_and_with_them(
    architecture: str, aws: Running, model: Path
) -> None:
    files: dict[str, str | bytes] = {f"ml/model/{path.name}": path.read_bytes() for path in model.iterdir()}
    files["program"] = PROGRAM.read_bytes()
    files["lib/libLiteRt.so"] = Path(os.environ["LITERT_LIBRARY"]).read_bytes()
    name = unique("function")
    aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Handler="any.thing",
        Code={"ZipFile": archive({"bootstrap": BOOTSTRAP}, 0o755)},
        Layers=[layer(aws, files, 0o755)],
        Role=role(aws, "lambda.amazonaws.com"),
        Architectures=[architecture],
        Timeout=60,
        MemorySize=1769,
    )
    wait_until_updated(aws, name)
    answer, failed = invoke(aws, name, {"instances": [[1, 2]]})
    assert (answer, failed) == ({"predictions": [[2.0, 4.0]]}, False)
