from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

ROOT = Path(__file__).parents[3]
for directory in ("", "runtime/handler/tests", "optimizer/src", "server/tests/server"):
    sys.path.insert(0, str(ROOT / directory))

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from program import Server


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from server_models import build

    return build(tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("saved"))


@pytest.fixture
def start(command: list[str], models: Path, tmp_path: Path) -> Callable[..., Server]:
    """Give `start(name, version, *flags)`."""
    from program import Server

    def begin(name: str, version: int, *flags: str) -> Server:
        model = [f"--model_name={name}", f"--model_base_path={models / name}", f"--model_version={version}"]
        return Server(command, tmp_path, [*model, *flags])

    return begin


@pytest.fixture(scope="module")
def all_models(command: list[str], models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server of every model, with two versions and two labels of one."""
    from program import Server

    directory = tmp_path_factory.mktemp("server")
    configs = []
    for name in ("times", "lookup", "passing", "int8"):
        versions = "versions: 1 versions: 2" if name == "times" else "versions: 1"
        labels = "".join(
            f'version_labels {{ key: "{label}" value: {number} }}'
            for label, number in (("stable", 1), ("canary", 2))
            if name == "times"
        )
        policy = f"model_version_policy {{ specific {{ {versions} }} }}"
        configs.append(f'config {{ name: "{name}" base_path: "{models / name}" {policy} {labels} }}')
    file = directory / "models.config"
    file.write_text(f"model_config_list {{ {' '.join(configs)} }}")
    with Server(command, directory, [f"--model_config_file={file}"]) as server:
        yield server
