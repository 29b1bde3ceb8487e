"""A model directory that is not what it says is refused when it is loaded, with the reason."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from model_server import ModelError, load

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNATURE = ("signatures", "serving_default")


@pytest.fixture
def changed(models: dict[str, str], tmp_path: Path) -> Callable[..., str]:
    """Return a copy of the dense model with one member of model.json replaced."""

    def copy(path: tuple[str, ...], value: Any) -> str:
        directory = tmp_path / "changed"
        shutil.copytree(models["dense"], directory)
        file = directory / "model.json"
        data = json.loads(file.read_text())
        inner = data
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        file.write_text(json.dumps(data))
        return str(directory)

    return copy


TENSOR = (*SIGNATURE, "inputs", "x", "tensor")


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ((*TENSOR, "shape"), [1, 5], "'x' of the file"),
        ((*SIGNATURE, "inputs"), {}, "the file has"),
        ((*SIGNATURE, "outputs"), {}, "the file has"),
    ],
)
def test_a_description_that_does_not_fit_the_file(
    path: tuple[str, ...], value: Any, reason: str, changed: Callable[..., str]
) -> None:
    with pytest.raises(ModelError, match=reason):
        load(changed(path, value))


@pytest.mark.fault
@pytest.mark.parametrize("content", [b"", b"not a model", None])
def test_a_broken_file(content: bytes | None, changed: Callable[..., str], capfd: pytest.CaptureFixture[str]) -> None:
    directory = changed(("version",), 4)
    file = Path(directory) / "model.tflite"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2] if content is None else content)
    with pytest.raises(ModelError, match="LiteRT cannot load the model: ") as caught:
        load(directory)
    assert len(str(caught.value)) > 40
    assert capfd.readouterr().err == ""


def test_a_missing_signature_is_named_with_those_that_exist(changed: Callable[..., str]) -> None:
    directory = changed(("defaultSignature",), "other")
    file = Path(directory) / "model.json"
    data = json.loads(file.read_text())
    data["signatures"] = {"other": data["signatures"]["serving_default"]}
    file.write_text(json.dumps(data))
    with pytest.raises(ModelError, match="no signature 'other', but \\['serving_default'\\]"):
        load(directory)


def test_two_names_of_one_signature_of_the_file_give_equal_answers(changed: Callable[..., str]) -> None:
    directory = changed(("version",), 4)
    file = Path(directory) / "model.json"
    data = json.loads(file.read_text())
    data["signatures"]["serve"] = {**data["signatures"]["serving_default"], "fileSignature": "serving_default"}
    file.write_text(json.dumps(data))
    model = load(directory)
    inputs = {"x": [[1, 2, 3, 4]]}
    assert model.predict("serve", inputs) == model.predict("serving_default", inputs) == model.predict(None, inputs)


def test_a_name_that_stands_for_a_signature_the_file_lacks(changed: Callable[..., str]) -> None:
    with pytest.raises(ModelError, match="no signature 'other', but \\['serving_default'\\]"):
        load(changed((*SIGNATURE, "fileSignature"), "other"))
