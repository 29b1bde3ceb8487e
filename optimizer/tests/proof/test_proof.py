from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest
from leaf_interpreter import script
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.documents.manifest import Runtime
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.proof import native_program, numpy_handler, prove
from tensorflow_optimizer.proof.native_program import PROGRAM_VARIABLE, find_program
from tensorflow_optimizer.proof.numpy_handler import HANDLER_VARIABLE, handler_directory
from tensorflow_optimizer.runners import LiteRtRunner, RunError
from tensorflow_optimizer.runners.describe import describe_signatures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sample_models import SampleModels
    from tensorflow_optimizer.proof import Proof
    from tensorflow_optimizer.sandbox import Sandbox

#: Speaks the Runtime API as the native program does, over the Python handler, and misbehaves on request.
PROGRAM = """
import json, os, sys, time, urllib.request
sys.path.insert(0, {handler!r})
import model_server
from model_server.predict import predict
if {broken_start}:
    print("cannot load the model: no such operator", flush=True)
    sys.exit(1)
model = model_server.load(os.environ["MODEL_DIR"])
print("something that is no JSON")
if {loads}:
    print(json.dumps({{"message": "model loaded", "ModelLoadTime": 1.5}}), flush=True)
api = f"http://{{os.environ['AWS_LAMBDA_RUNTIME_API']}}/2018-06-01/runtime/invocation"
count = 0
while True:
    with urllib.request.urlopen(f"{{api}}/next") as event:
        request, body = event.headers["Lambda-Runtime-Aws-Request-Id"], json.load(event)
    count += 1
    answer, kind = predict(model, body), "response"
    {behavior}
    urllib.request.urlopen(urllib.request.Request(f"{{api}}/{{request}}/{{kind}}", json.dumps(answer).encode()))
"""


@pytest.fixture
def proven(
    models: SampleModels, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Proof]:
    """Proves the dense model with a program that misbehaves."""
    content = models.static_tflite.read_bytes()
    signatures = describe_signatures(content, {"serving_default": True})
    rows = np.random.default_rng(0).standard_normal((5, 16)).astype(np.float32)

    def run(
        behavior: str = "pass", *, broken_start: bool = False, loads: bool = True, reset_state: bool = False
    ) -> Proof:
        program = tmp_path / "bootstrap"
        text = PROGRAM.format(
            handler=str(handler_directory()), behavior=behavior, broken_start=broken_start, loads=loads
        )
        program.write_text(script(sandbox, text))
        monkeypatch.setenv(PROGRAM_VARIABLE, str(program))
        datasets = {"serving_default": Dataset({"features": rows}, True)}
        reference = LiteRtRunner(content, signatures, reset_state=reset_state)
        return prove(sandbox, content, "sample", signatures, datasets, reference, reset_state=reset_state)

    return run


def test_a_program_with_equal_answers_is_chosen(proven: Callable[..., Proof]) -> None:
    proof = proven()
    assert (proof.runtime, proof.native_refusal, proof.times.load) == (Runtime.NATIVE, None, 1.5)
    assert proof.times.start is not None
    assert proof.times.latency is not None
    assert min(proof.times.start, proof.times.latency) > 0
    assert proof.peak_mebibytes is not None
    assert proof.peak_mebibytes > 1


def test_what_the_program_waits_for_is_no_processor_time(proven: Callable[..., Proof]) -> None:
    times = proven("time.sleep(0.02)").times
    assert times.processor is not None
    assert times.processor_p99 is not None
    assert times.latency is not None
    assert 0 < times.processor <= times.processor_p99 < 20 <= times.latency


@pytest.mark.parametrize(
    ("behavior", "reason"),
    [
        ("os.abort()", "ended by SIGABRT"),
        ("os.kill(os.getpid(), 9)", "ended by SIGKILL"),
        ("answer, kind = {'errorMessage': 'LiteRT refused'}, 'error'", "LiteRT refused"),
        ("answer, kind = [], 'error'", "[]"),
        ("answer = {'error': 'features has 15 values'}", "features has 15 values"),
        ("answer = ['unexpected']", "it answered b'[\"unexpected\"]'"),
        ("answer['outputs'][0][0] += 0.5", "differs from the reference interpreter's (run 1, request 1)"),
        ("answer['outputs'][0][0] = float('nan')", "differs from the reference"),
        ("answer['outputs'] = answer['outputs'][0]", "differs from the reference"),
        ("if count > 3: answer['outputs'] = [[0.0] * 4]", "(run 2, request 1)"),
        ("print('out of tensors', flush=True); os._exit(3)", "out of tensors"),
    ],
)
def test_a_program_that_fails_or_answers_differently_is_refused_with_the_reason(
    behavior: str, reason: str, proven: Callable[..., Proof]
) -> None:
    proof = proven(behavior)
    assert (proof.runtime, proof.times.start) == (Runtime.NUMPY, None)
    assert proof.native_refusal is not None
    assert reason in proof.native_refusal


def test_a_program_that_cannot_start_is_refused_with_the_last_line_of_its_log(proven: Callable[..., Proof]) -> None:
    assert proven(broken_start=True).native_refusal == "cannot load the model: no such operator"


def test_a_program_that_the_machine_cannot_execute_is_refused(
    proven: Callable[..., Proof], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "broken"
    program.write_bytes(b"\x7fELF" + bytes(60))
    monkeypatch.setattr("tensorflow_optimizer.proof.choose_runtime.find_program", lambda: program)
    proof = proven()
    assert proof.runtime is Runtime.NUMPY
    assert proof.native_refusal == "this machine cannot execute it: Exec format error"


def test_a_model_whose_state_is_reset_goes_to_the_python_handler(proven: Callable[..., Proof]) -> None:
    proof = proven(reset_state=True)
    assert proof.runtime is Runtime.NUMPY
    assert "starts every request from its initial state" in (proof.native_refusal or "")


def test_without_the_program_numpy_serves(proven: Callable[..., Proof], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tensorflow_optimizer.proof.choose_runtime.find_program", lambda: None)
    proof = proven()
    assert proof.runtime is Runtime.NUMPY
    assert PROGRAM_VARIABLE in (proof.native_refusal or "")


def test_a_model_that_neither_runtime_can_serve_is_refused(
    proven: Callable[..., Proof], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "handler" / "model_server"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("def load(directory): raise RuntimeError('no')")
    monkeypatch.setenv(HANDLER_VARIABLE, str(package.parent))
    with pytest.raises(RunError, match=r"the native runtime cannot serve it.*the numpy runtime cannot serve it: no"):
        proven(broken_start=True)


def test_a_missing_package_says_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HANDLER_VARIABLE, str(tmp_path))
    with pytest.raises(OptimizerError, match=HANDLER_VARIABLE):
        handler_directory()


def test_a_named_program_that_is_not_there_is_not_replaced_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROGRAM_VARIABLE, str(tmp_path / "bootstrap"))
    assert find_program() is None


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ("dies", "crashed in native code (SIGSEGV)"),
        ("hangs", "did not answer within"),
        ("answers_nothing", "did not answer"),
        ("answers_nonsense", "its process did not answer as it must"),
        ("answers_too_much", "only models that you trust"),
        ("ends_lines", "bad red"),
    ],
)
def test_a_process_that_does_not_drive_the_program_refuses_the_runtime_with_a_sentence(
    task: str, sentence: str, proven: Callable[..., Proof], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (native_program, numpy_handler):
        monkeypatch.setattr(place, "_TASK", f"hostile_leaves:{task}")
    if task == "hangs":
        for name in ("TIMEOUT_SECONDS", "_GRACE_SECONDS"):
            monkeypatch.setattr(native_program, name, 1.0)
        monkeypatch.setattr(numpy_handler, "_TIMEOUT_SECONDS", 2.0)
    with pytest.raises(
        RunError, match=r"the native runtime cannot serve it: .*the numpy runtime cannot serve it"
    ) as told:
        proven()
    assert str(told.value).count(sentence) == 2
    assert str(told.value).isprintable()


@pytest.mark.parametrize("time", ["NaN", "-1", "1e999", "'soon'", "[]", "True and None"])
def test_a_time_of_loading_that_cannot_be_is_none(time: str, proven: Callable[..., Proof]) -> None:
    said = {"NaN": "float('nan')", "1e999": "float('inf')"}.get(time, time)
    told = f"print(json.dumps({{'message': 'model loaded', 'ModelLoadTime': {said}}}), flush=True)"
    proof = proven(told, loads=False)
    assert proof.runtime is Runtime.NUMPY
    assert proof.native_refusal == "its log does not say how long the model took to load"


def test_a_program_that_starts_others_is_measured_itself_and_leaves_none_behind(proven: Callable[..., Proof]) -> None:
    other = "import subprocess; subprocess.Popen(['sleep', '98765'], start_new_session=True) if count == 1 else None"
    proof = proven(other)
    assert proof.runtime is Runtime.NATIVE
    assert proof.peak_mebibytes is not None
    assert proof.peak_mebibytes > 10  # a Python program; `sleep` takes less
    assert not [process for process in psutil.process_iter(["cmdline"]) if "98765" in (process.info["cmdline"] or [])]


@pytest.mark.parametrize(
    "answer",
    [
        "[[1, 2], 3]",
        "'text'",
        "None",
        "{'probabilities': {}}",
        "[[10 ** 400] * 4]",
        "(lambda nested: [nested := [nested] for _ in range(900)][-1])(0)",
    ],
)
def test_an_answer_that_is_no_array_is_refused(answer: str, proven: Callable[..., Proof]) -> None:
    proof = proven(f"answer = {{'outputs': {answer}}}")
    assert proof.runtime is Runtime.NUMPY
    assert "it answered" in (proof.native_refusal or "") or "differs from" in (proof.native_refusal or "")


def test_the_program_finds_itself_and_no_other_process(
    proven: Callable[..., Proof], sandbox: Sandbox, tmp_path: Path
) -> None:
    look = "\n    ".join(
        [
            "found = [open('/proc/self/cmdline').read()[:0]]",
            "for other in (1, os.getppid()):",
            "    try: found.append(open(f'/proc/{other}/cmdline').read())",
            "    except OSError: pass",
            "if found != ['']: os._exit(9)",
        ]
    )
    assert proven(look).runtime is Runtime.NATIVE
    assert sandbox.layers["files"] == "on"
