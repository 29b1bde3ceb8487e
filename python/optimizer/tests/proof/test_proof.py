from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.documents.manifest import Runtime
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.proof import prove
from tensorflow_optimizer.proof.prove import HANDLER_VARIABLE, handler_directory
from tensorflow_optimizer.runners import RunError
from tensorflow_optimizer.runners.describe import describe_signatures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sample_models import SampleModels
    from tensorflow_optimizer.proof import Proof

#: A stand-in for the function's package, that answers the given expression for the nano runtime and crashes, or not.
PACKAGE = """
import os, time
import sys; sys.path.insert(0, {real!r})
class Model:
    def __init__(self, model): self.model = model; self.count = 0
    def predict(self, signature, inputs):
        self.count += 1
        answer = self.model.predict(signature, inputs)
        {behavior}
        return answer
def load(directory, runtime, library):
    sys.modules.pop("model_server")
    import importlib
    sys.path.remove({fake!r})
    model = importlib.import_module("model_server").load(directory, runtime, library)
    return Model(model) if runtime in {runtimes!r} else model
"""


@pytest.fixture
def proven(models: SampleModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Proof]:
    """Prove the dense model with a function's package that misbehaves."""
    content = models.static_tflite.read_bytes()
    signatures = describe_signatures(content, {"serving_default": True})
    rows = np.random.default_rng(0).standard_normal((5, 16)).astype(np.float32)
    real = str(handler_directory())

    def run(behavior: str = "pass", runtimes: tuple[str, ...] = ("nano",)) -> Proof:
        package = tmp_path / "fake" / "model_server"
        package.mkdir(parents=True, exist_ok=True)
        fake = str(package.parent)
        (package / "__init__.py").write_text(
            PACKAGE.format(real=real, fake=fake, behavior=behavior, runtimes=list(runtimes))
        )
        monkeypatch.setenv(HANDLER_VARIABLE, fake)
        return prove(
            content, "sample", signatures, {"serving_default": Dataset({"features": rows}, True)}, reset_state=False
        )

    return run


def test_nano_that_answers_alike_is_chosen(proven: Callable[..., Proof]) -> None:
    proof = proven()
    assert (proof.runtime, proof.nano_refusal) == (Runtime.NANO, None)


@pytest.mark.parametrize(
    ("behavior", "reason"),
    [
        ("os.abort()", "ended by SIGABRT"),
        ("os.kill(os.getpid(), 9)", "ended by SIGKILL"),
        ("raise RuntimeError('LiteRT refused')", "LiteRT refused"),
        ("answer['probabilities'][0][0] += 0.5", "differs from the reference interpreter's (run 1, request 1)"),
        ("answer['probabilities'][0][0] = float('nan')", "differs from the reference"),
        ("if self.count > 4: answer['probabilities'] = [[0.0] * 4]", "(run 2, request 1)"),
        ("os._exit(3)", "the process returned 3"),
    ],
)
def test_nano_that_fails_or_answers_otherwise_is_refused_with_the_reason(
    behavior: str, reason: str, proven: Callable[..., Proof]
) -> None:
    proof = proven(behavior)
    assert proof.runtime is Runtime.NUMPY
    assert proof.nano_refusal is not None
    assert reason in proof.nano_refusal


def test_a_model_that_neither_runtime_can_serve_is_refused(proven: Callable[..., Proof]) -> None:
    with pytest.raises(RunError, match=r"the nano runtime cannot serve it.*the numpy runtime cannot serve it"):
        proven("raise RuntimeError('no')", ("nano", "numpy"))


def test_a_missing_package_says_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HANDLER_VARIABLE, str(tmp_path))
    with pytest.raises(OptimizerError, match=HANDLER_VARIABLE):
        handler_directory()
