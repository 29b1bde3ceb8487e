"""Hooks, as a layer brings them, in a process as Lambda starts it; the example; and the classes of labels."""

from __future__ import annotations

import base64
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from model_server import RequestError, load
from model_server.hook import body
from model_server.predict import predict
from test_entry_point import EVENT, start

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from types import ModuleType

    Start = Callable[..., subprocess.CompletedProcess[str]]

__all__ = ["start"]

EXAMPLES = Path(__file__).parents[3] / "examples" / "hooks"
HOOK = """
from model_server.hook import RequestError, body

def preprocess(event):
    if "requestContext" not in event:
        return {"x": event["rows"]}
    data = body(event)
    if data == b"bug":
        return 1 / 0
    if data == b"unfit":
        return [[1]]
    if data == b"\\xff\\xd8":
        return [[1, 2], [3, 4]]
    raise RequestError(415, "no picture")
"""
POSTPROCESS = """
def postprocess(outputs):
    rows = outputs["y"]
    return {1} if len(rows) == 3 else {"sums": [sum(row) for row in rows]}
"""


def send(start: Start, hook: Path, *events: Any) -> tuple[list[Any], list[Any]]:
    """Return the answers, and what was logged after the model was loaded."""
    result = start(list(events), str(hook.parent), MODEL_HOOK=hook.stem)
    assert all(line.startswith("INFO: ") for line in result.stderr.splitlines()), result.stderr
    _, *logs, answers = [json.loads(line) for line in result.stdout.splitlines()]
    return answers["answers"], logs


def picture(data: bytes) -> dict[str, Any]:
    return {**EVENT, "body": base64.b64encode(data).decode(), "isBase64Encoded": True}


@pytest.fixture
def hook(tmp_path: Path) -> Path:
    path = tmp_path / "hook.py"
    path.write_text(HOOK + POSTPROCESS)
    return path


def test_a_hook_turns_a_binary_body_into_inputs_and_outputs_into_its_own_json(hook: Path, start: Start) -> None:
    (answer,), logs = send(start, hook, picture(b"\xff\xd8"))
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"sums": [6.0, 14.0]})
    assert logs == []


def test_a_direct_invocation_reaches_the_hook_unchanged(hook: Path, start: Start) -> None:
    (answer,), _ = send(start, hook, {"rows": [[1, 1]]})
    assert answer == {"sums": [4.0]}


def test_without_postprocess_the_outputs_are_the_answer(hook: Path, start: Start) -> None:
    hook.write_text(HOOK)
    (answer,), _ = send(start, hook, {"rows": [[1, 1]]})
    assert answer == {"outputs": [[2.0, 2.0]]}


def test_a_request_that_the_hook_refuses_is_the_clients_fault_and_not_logged(hook: Path, start: Start) -> None:
    answers, logs = send(start, hook, picture(b"text"), picture(b"unfit"), {**EVENT, "body": ""})
    assert [answer["statusCode"] for answer in answers] == [415, 400, 400]
    assert json.loads(answers[0]["body"]) == {"error": "no picture"}
    assert "a list of 1 stands where a list of 2 belongs" in json.loads(answers[1]["body"])["error"]
    assert logs == []


@pytest.mark.fault
def test_a_fault_of_the_hook_is_a_500_that_shows_nothing_and_is_logged(hook: Path, start: Start) -> None:
    answers, logs = send(start, hook, picture(b"bug"), picture(b"\xff\xd8"))
    assert answers[0]["statusCode"] == 500
    assert "ZeroDivisionError" not in answers[0]["body"]
    assert answers[1]["statusCode"] == 200
    assert "ZeroDivisionError" in logs[0]["traceback"]


def test_a_fault_of_the_hook_fails_a_direct_invocation(hook: Path, start: Start) -> None:
    event = {"rows": [[1, 1]] * 3}  # the hook makes a set of them
    result = start([event], str(hook.parent), MODEL_HOOK="hook")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("index.FunctionFailedError: the function failed; its log has")
    assert "set is no JSON value" not in result.stderr
    assert "set is no JSON value" in json.loads(result.stdout.splitlines()[-1])["message"]


def test_status_and_metadata_are_not_the_hooks(hook: Path, start: Start) -> None:
    event = {"rawPath": "/v1/models/tiny", "requestContext": {"http": {"method": "GET"}}}
    answers, _ = send(start, hook, event, {**EVENT, "rawPath": "/v1/models/other:predict"})
    assert [answer["statusCode"] for answer in answers] == [200, 404]


@pytest.mark.fault
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def postprocess(outputs): return outputs", "must define the function preprocess(event)"),
        ("preprocess = 1", "must define the function preprocess(event)"),
        ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
    ],
)
def test_a_hook_that_cannot_serve_ends_the_start(source: str, reason: str, hook: Path, start: Start) -> None:
    hook.write_text(source)
    result = start([EVENT], str(hook.parent), MODEL_HOOK="hook")
    assert result.returncode != 0
    assert reason in result.stderr


def test_a_body_is_bytes_whether_it_came_as_text_or_as_base64() -> None:
    assert body({"body": "é"}) == "é".encode()
    assert body({"body": "/9g=", "isBase64Encoded": True}) == b"\xff\xd8"
    for event in ({}, {"body": None}, {"body": "%%", "isBase64Encoded": True}):
        with pytest.raises(RequestError):
            body(event)


def imported(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(f"{name}_hook", EXAMPLES / name / "hook.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def example() -> ModuleType:
    return imported("stdlib")


@pytest.fixture(scope="module")
def jpeg() -> ModuleType:
    pytest.importorskip("PIL")
    return imported("jpeg")


def test_the_jpeg_example_reads_a_photograph_of_any_size(jpeg: ModuleType) -> None:
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (320, 200), (255, 0, 51)).save(file, "JPEG", quality=100, subsampling=0)
    event = {"body": base64.b64encode(file.getvalue()).decode(), "isBase64Encoded": True}
    pixels = jpeg.preprocess(event)
    assert pixels.shape == (1, 224, 224, 3)
    assert pixels[0, 100, 100].tolist() == pytest.approx([1, 0, 0.2], abs=0.02)
    assert jpeg.postprocess({"scores": [[0.25, 0.75]]}) == {"class": 1, "score": 0.75}
    cut = {"body": base64.b64encode(file.getvalue()[:400]).decode(), "isBase64Encoded": True}
    for refused in (cut, {"body": "GIF89a"}):
        with pytest.raises(RequestError):
            jpeg.preprocess(refused)


def test_the_standard_library_example_reads_a_graymap(example: ModuleType) -> None:
    pixels = bytes(range(28)) * 28
    event = {"body": base64.b64encode(b"P5\n# drawn\n28 28\n100\n" + pixels).decode(), "isBase64Encoded": True}
    assert example.preprocess(event) == [[[[column / 100] for column in range(28)] for _ in range(28)]]
    assert example.postprocess({"scores": [[0.1, 0.7, 0.2]]}) == {"digit": 1, "probability": 0.7}


@pytest.mark.parametrize("data", [b"P6\n28 28\n255\n", b"P5\n28 28\n255\nshort", b"P5\n2 2\n255\n1234", b"\xff\xd8"])
def test_the_standard_library_example_refuses_other_pictures(data: bytes, example: ModuleType) -> None:
    with pytest.raises(RequestError) as refusal:
        example.preprocess({"body": base64.b64encode(data).decode(), "isBase64Encoded": True})
    assert refusal.value.status == 400


def labelled(models: dict[str, str], name: str, labels: list[str]) -> Any:
    model = load(models[name])
    model.description.labels = labels
    return model


@pytest.mark.parametrize("direct", ["instances", "inputs", "data"])
def test_labels_add_the_classes_of_each_row_best_first(direct: str, models: dict[str, str]) -> None:
    model = labelled(models, "dense", ["cat", "dog", "owl"])
    row = [0.5, -1.0, 2.0, 0.25]
    answer = predict(model, {direct: row if direct == "data" else [row, row]}, direct=True)
    (scores, *_), found = next(value for key, value in answer.items() if key != "classes"), answer["classes"]
    assert len(found) == (1 if direct == "data" else 2)
    expected = sorted(zip(["cat", "dog", "owl"], scores, strict=True), key=lambda pair: -pair[1])
    assert found[0] == [{"label": label, "score": score} for label, score in expected]


def test_only_the_best_five_classes_are_named(models: dict[str, str]) -> None:
    model = labelled(models, "conv", [f"c{index}" for index in range(10)])
    answer = predict(model, {"instances": [[[[0.5]] * 8] * 8]})
    best = sorted(answer["predictions"][0], reverse=True)[:5]
    assert [entry["score"] for entry in answer["classes"][0]] == best


def test_labels_that_no_output_has_scores_for_add_nothing(models: dict[str, str]) -> None:
    model = labelled(models, "dense", ["one", "two"])
    assert list(predict(model, {"instances": [[0, 0, 0, 0]]})) == ["predictions"]
