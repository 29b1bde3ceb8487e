"""LiteRT's C interface as the native program uses it: the interpreter's bits, and no answer that cannot be trusted."""

from __future__ import annotations

import json
import os
import shutil
import signal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from model_server import description
from stand_in_runtime_api import EndedError
from test_interpreter_parity import MODELS, Reference, random_inputs
from test_native_process import lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model_server.description import Tensor
    from stand_in_runtime_api import Function

    Start = Callable[..., Function]

FAULT = "the function failed; its log has the reason under the request id request-"


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    from native_models import build

    return build(tmp_path_factory.mktemp("odd"))


def real(tensor: Tensor, stored: np.ndarray) -> Any:
    """Return what a client sends or gets for the stored values."""
    if tensor.scale is not None:
        return (np.float64(tensor.scale) * (stored.astype(np.int64) - tensor.zero_point)).tolist()
    return stored.tolist()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("threads", ["1", "2"])
def test_every_run_gives_the_interpreters_bits(name: str, threads: str, models: dict[str, str], start: Start) -> None:
    function, reference = start(models[name], MODEL_THREADS=threads), Reference(models[name], int(threads))
    random = np.random.default_rng(11)
    signatures = description.read(models[name]).signatures.values()
    for _ in range(4):  # interleaved over signatures: no call may see what another left behind
        for signature in signatures:
            inputs = random_inputs(signature, random)
            sent = {key: real(tensor, inputs[key]) for key, tensor in signature.inputs.items()}
            answer = function.invoke({"signature_name": signature.name, "inputs": sent}).value["outputs"]
            outputs = answer if len(signature.outputs) > 1 else {next(iter(signature.outputs)): answer}
            expected = reference.run(signature, inputs)
            for (key, tensor), stored in zip(signature.outputs.items(), expected, strict=True):
                values = np.frombuffer(stored, tensor.stored.name).reshape(tensor.stored_shape)
                found = np.asarray(outputs[key], tensor.dtype.name)
                assert found.tobytes() == np.asarray(real(tensor, values), tensor.dtype.name).tobytes()


@pytest.mark.parametrize("name", ["conv", "int8"])
def test_two_threads_give_the_bits_of_one(name: str, models: dict[str, str], start: Start) -> None:
    rows = np.random.default_rng(13).normal(size=(8, 8, 8, 1)).tolist()
    single, two = start(models[name]), start(models[name], MODEL_THREADS="2")
    assert two.invoke({"instances": rows}).body == single.invoke({"instances": rows}).body


def test_a_batch_is_the_sum_of_its_rows(models: dict[str, str], start: Start) -> None:
    function = start(models["two"])
    rows = [
        {"alpha": [1, 2], "zeta": [0.5, 1, 2]},
        {"alpha": [-3, 4], "zeta": [3, 4, 5]},
        {"alpha": [5, 2**31 - 1], "zeta": [6, 7, float("-inf")]},
    ]
    batch = function.invoke({"instances": rows}).value["predictions"]
    assert batch == [function.invoke({"instances": [row]}).value["predictions"][0] for row in rows]
    assert [row["weighted"] for row in batch] == [[0.5, 1.0, 2.0], [-9.0, -12.0, -15.0], [30.0, 35.0, float("-inf")]]
    assert [row["doubled"] for row in batch] == [[2, 4], [-6, 8], [10, -2]]


def test_the_process_continues_after_values_that_the_model_refused(models: dict[str, str], start: Start) -> None:
    function = start(models["lookup"])
    expected = function.invoke({"instances": [0, 4]})
    for _ in range(3):
        refused = function.invoke({"instances": [7]})
        assert (refused.where, list(refused.value)) == ("response", ["error"])
        assert "cannot compute these values" in refused.value["error"]
        assert function.invoke({"instances": [0, 4]}).body == expected.body


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rows", "input 'x' of the file has type 1 and shape [-1, 2], its description 1 and [1, 2]"),
        ("positive", "output 'y' of the file has type 1 and shape [-1], its description 1 and [1]"),
    ],
)
def test_a_shape_that_changes_is_refused_at_the_start(
    name: str, reason: str, odd: dict[str, str], start: Start
) -> None:
    posted = start(odd[name]).next_post()
    assert posted.where == "init/error"
    assert reason in posted.value["errorMessage"]


def test_a_shape_that_changes_within_the_model_is_served(odd: dict[str, str], start: Start) -> None:
    function = start(odd["padded"])
    for sent, expected in (([1, -2, 3, 4], [1, 3, 4, 0]), ([-1] * 4, [0] * 4), ([1, 2, 3, 4], [1, 2, 3, 4])):
        assert function.invoke({"inputs": sent}).value == {"outputs": expected}


@pytest.mark.fault
@pytest.mark.parametrize(("sent", "size"), [([1, -2, -3, -4], 1), ([1, 2, 3, 4], 4)])
def test_an_output_of_another_shape_than_the_file_says_is_the_functions_fault(
    sent: list[int], size: int, odd: dict[str, str], start: Start
) -> None:
    # Answered by a 400, a function that answers nothing would pass the check of a new version and raise no alarm.
    function = start(odd["silent"], METRIC_NAMESPACE="CdkTensorFlow")
    assert function.invoke({"inputs": [1, -2, 3, 4]}).value == {"outputs": [1.0, 3.0, 4.0]}
    posted = function.invoke({"inputs": sent})
    assert posted.where == "error"
    assert posted.value["errorMessage"] == f"{FAULT}2"
    event = {
        "rawPath": "/v1/models/tiny:predict",
        "requestContext": {"http": {"method": "POST"}},
        "body": json.dumps({"inputs": sent}),
    }
    assert function.invoke(event).value["statusCode"] == 500
    failed = next(line for line in lines(function, 4) if line["level"] == "ERROR")
    assert failed["message"].startswith(f"output 'y' came with the shape [{size}], in the file it has [3]")


TENSOR = ("signatures", "serving_default", "inputs", "x", "tensor")


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ((*TENSOR, "dtype"), "int32", "'x' cannot turn float32 into int32"),
        ((*TENSOR[:-1], "dtype"), "string", "'x' cannot turn string into float32"),
        ((*TENSOR, "shape"), [1, 5], "input 'x' of the file has type 1 and shape [1, 4], its description 1 and [1, 5]"),
        ((*TENSOR, "shape"), [1, 4, 1], "and shape [1, 4], its description 1 and [1, 4, 1]"),
        ((*TENSOR, "shape"), [-1, 4], "model.json"),
        ((*TENSOR, "shape"), [2, 2], "'x' of a batched signature has the shape [2, 2]"),
        (("signatures",), [], "is not a model description"),
        (TENSOR[:3], {}, "needs at least one input and one output"),
        (("signatures", "serving_default", "outputs"), {}, "needs at least one input and one output"),
        (
            ("signatures", "serving_default", "fileSignature"),
            "other",
            "no signature 'other', but [\"serving_default\"]",
        ),
    ],
)
def test_a_description_that_does_not_fit_the_file_is_refused_with_a_sentence(
    path: tuple[str, ...], value: Any, reason: str, models: dict[str, str], start: Start, tmp_path: Path
) -> None:
    shutil.copytree(models["dense"], tmp_path, dirs_exist_ok=True)
    data = inner = json.loads((tmp_path / "model.json").read_text())
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    (tmp_path / "model.json").write_text(json.dumps(data))
    posted = start(str(tmp_path)).next_post()
    assert posted.where == "init/error"
    assert reason in posted.value["errorMessage"]


@pytest.mark.fault
@pytest.mark.parametrize("content", [b"", b"not a model", None], ids=["empty", "text", "half"])
def test_a_broken_file_is_refused_with_the_reason(
    content: bytes | None, models: dict[str, str], start: Start, tmp_path: Path
) -> None:
    shutil.copytree(models["dense"], tmp_path, dirs_exist_ok=True)
    file = tmp_path / "model.tflite"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2] if content is None else content)
    message = start(str(tmp_path)).next_post().value["errorMessage"]
    assert message.startswith("LiteRT cannot load the model: ")
    assert not message.endswith("; no reason given")


def test_a_model_that_cannot_be_prepared_is_the_functions_fault(odd: dict[str, str], start: Start) -> None:
    # LiteRT loads it all the same, and answers every run by the status of values that an operator refused.
    function = start(odd["custom"])
    for number in (1, 2):
        posted = function.invoke({"inputs": [1, 2, 3, 4]})
        assert posted.where == "error"
        assert posted.value["errorMessage"] == f"{FAULT}{number}"
    function.process.kill()
    assert "OperatorOfAnotherHouse" in function.printed()


def test_memory_of_large_requests_is_released(models: dict[str, str], start: Start) -> None:
    function = start(models["dense"])
    small, large = {"instances": [[1, 2, 3, 4]]}, {"instances": [[0.125, 2.5, 3.75, 4.25]] * 200_000}
    function.invoke(small)
    before = function.resident_kibibytes()
    sizes = []
    for _ in range(6):
        assert function.invoke(large).where == "response"
        assert function.invoke(small).where == "response"
        sizes.append(function.resident_kibibytes())
    # The text of one such request alone has 5 MB, its answer more.
    assert sizes[-1] - before < 4096
    assert sizes[-1] - sizes[2] < 1024


@pytest.mark.fault
def test_a_fault_within_the_library_takes_one_invocation_with_it(
    models: dict[str, str], start: Start, tmp_path: Path
) -> None:
    shutil.copytree(models["lookup"], tmp_path, dirs_exist_ok=True)
    function = start(str(tmp_path))
    assert function.invoke({"instances": [4]}).where == "response"
    # The library reads constants from the file's pages: without the file it reads where nothing is.
    os.truncate(tmp_path / "model.tflite", 0)
    with pytest.raises(EndedError) as ended:
        function.invoke({"instances": [4]})
    assert ended.value.status == -signal.SIGBUS
    assert start(models["lookup"]).invoke({"instances": [4]}).where == "response"
