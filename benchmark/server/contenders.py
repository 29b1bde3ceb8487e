"""The servers that are compared, and how they start."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.digits import DIGITS
from benchmark.onnx_file import convert
from benchmark.running import native_program, reason_of
from benchmark.server.environment import environment
from benchmark.server.models import FLOAT32, OPTIMIZED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from benchmark.server.models import Artifact

MODEL_SERVER, FASTAPI_LITERT, FASTAPI_TENSORFLOW = "model_server", "FastAPI with LiteRT", "FastAPI with TensorFlow"
FASTAPI_OPENVINO, FASTAPI_ONNX = "FastAPI with OpenVINO", "FastAPI with ONNX Runtime"
MLSERVER, BENTOML, LITSERVE = "MLServer with LiteRT", "BentoML with LiteRT", "LitServe with LiteRT"
SERVERS = {
    "model_server": MODEL_SERVER,
    "fastapi-litert": FASTAPI_LITERT,
    "fastapi-tensorflow": FASTAPI_TENSORFLOW,
    "fastapi-openvino": FASTAPI_OPENVINO,
    "fastapi-onnxruntime": FASTAPI_ONNX,
    "litserve": LITSERVE,
    "bentoml": BENTOML,
    "mlserver": MLSERVER,
}
"""Names of the command line, and of the tables."""
WORKERS = os.cpu_count() or 1
PATH, OPEN_INFERENCE_PATH = "/v1/models/digits:predict", "/v2/models/digits/infer"
_FASTAPI = {
    FASTAPI_LITERT: ("fastapi_litert", "fastapi"),
    FASTAPI_TENSORFLOW: ("fastapi_tensorflow", "fastapi"),
    FASTAPI_OPENVINO: ("fastapi_openvino", "openvino"),
    FASTAPI_ONNX: ("fastapi_onnxruntime", "onnxruntime"),
}
"""The app, and the lock file of its environment."""
_APPS = Path(__file__).resolve().parent / "apps"


@dataclass(frozen=True)
class Contender:
    """A server with one model."""

    server: str
    artifact: str
    command: list[str]
    """`{rest}`, `{grpc}` and `{metrics}` stand for ports."""
    scores: list[float]
    """What it must answer to the request."""
    environment: dict[str, str] = field(default_factory=dict)
    """With ports as in the command."""
    has_grpc: bool = False
    path: str = PATH
    """Where it predicts: TensorFlow Serving's REST API, or the Open Inference Protocol."""

    @property
    def name(self) -> str:
        """Name in the tables."""
        return f"{self.server}, {self.artifact}"


def contenders(asked: Collection[str], artifacts: list[Artifact], root: Path) -> tuple[list[Contender], list[str]]:
    """Return the servers asked for, one worker a processor each, and a sentence for each that is left out.

    Args:
        asked: Keys of `SERVERS`.
        artifacts: The models.
        root: Directory for what is made.
    """
    makers: dict[str, Callable[[], list[Contender]]] = {
        "model_server": lambda: [_model_server(artifact) for artifact in artifacts],
        "fastapi-litert": lambda: [
            _fastapi(FASTAPI_LITERT, artifact.kind, artifact.file, artifact.scores) for artifact in artifacts
        ],
        "fastapi-tensorflow": lambda: [_fastapi(FASTAPI_TENSORFLOW, "SavedModel", DIGITS / "saved_model", scores)],
        "fastapi-openvino": lambda: [_fastapi(FASTAPI_OPENVINO, "SavedModel", DIGITS / "saved_model", scores)],
        "fastapi-onnxruntime": lambda: [_fastapi(FASTAPI_ONNX, "ONNX", convert(root), scores)],
        "litserve": lambda: [_litserve(optimized)],
        "bentoml": lambda: [_bentoml(optimized, root)],
        "mlserver": lambda: [_mlserver(optimized, root)],
    }
    by_kind = {artifact.kind: artifact for artifact in artifacts}
    optimized, scores = by_kind[OPTIMIZED], by_kind[FLOAT32].scores
    found, missing = [], []
    for name, title in SERVERS.items():
        if name in asked:
            try:
                found += makers[name]()
            except (subprocess.CalledProcessError, OSError) as error:
                missing.append(f"{title} could not be prepared: {reason_of(error)}")
    return found, missing


def _model_server(artifact: Artifact) -> Contender:
    import ai_edge_litert

    program = native_program("model_server")
    library = Path(ai_edge_litert.__file__).parent / "libLiteRt.so"
    digest = hashlib.sha256(library.read_bytes()).hexdigest()
    command = [
        *(str(program), "--address=127.0.0.1", "--rest_api_port={rest}", "--port={grpc}", f"--workers={WORKERS}"),
        *("--model_name=digits", f"--model_base_path={artifact.base}", "--model_version=1"),
        *(f"--litert_library={library}", f"--litert_library_sha256={digest}"),
    ]
    return Contender(MODEL_SERVER, artifact.kind, command, artifact.scores, has_grpc=True)


def _fastapi(server: str, artifact: str, model: Path, scores: list[float]) -> Contender:
    app, lock = _FASTAPI[server]
    python, variables = environment(lock)
    command = [
        *(str(python), "-m", "uvicorn", f"{app}:app", "--app-dir", str(_APPS), "--workers", str(WORKERS)),
        *("--host", "127.0.0.1", "--port", "{rest}", "--loop", "uvloop", "--http", "httptools"),
        *("--no-access-log", "--log-level", "warning"),
    ]
    variables = {**variables, "MODEL": str(model), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return Contender(server, artifact, command, scores, variables)


def _litserve(artifact: Artifact) -> Contender:
    python, variables = environment("litserve")
    command = [str(python), str(_APPS / "litserve_litert.py"), str(artifact.file), "{rest}", str(WORKERS)]
    return Contender(LITSERVE, artifact.kind, command, artifact.scores, variables)


def _bentoml(artifact: Artifact, root: Path) -> Contender:
    python, variables = environment("bentoml")
    command = [
        *(str(python), "-m", "bentoml", "serve", "bentoml_litert:Digits", "--working-dir", str(_APPS)),
        *("--host", "127.0.0.1", "--port", "{rest}"),
    ]
    variables = {
        **variables,
        "MODEL": str(artifact.file),
        "WORKERS": str(WORKERS),
        "BENTOML_HOME": str(root / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    return Contender(BENTOML, artifact.kind, command, artifact.scores, variables)


def _mlserver(artifact: Artifact, root: Path) -> Contender:
    python, variables = environment("mlserver")
    settings = root / "mlserver"
    settings.mkdir()
    model = {
        "name": "digits",
        "implementation": "mlserver_litert.Digits",
        "parameters": {"uri": str(artifact.file)},
    }
    (settings / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    variables = {
        **variables,
        "PYTHONPATH": str(_APPS),
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": "{rest}",
        "MLSERVER_GRPC_PORT": "{grpc}",
        "MLSERVER_METRICS_PORT": "{metrics}",
        "MLSERVER_PARALLEL_WORKERS": str(WORKERS),
        "MLSERVER_METRICS_DIR": str(settings / "metrics"),
        "MLSERVER_DEBUG": "false",
        "MLSERVER_ENVIRONMENTS_DIR": str(settings / "environments"),
    }
    command = [str(python.parent / "mlserver"), "start", str(settings)]
    return Contender(MLSERVER, artifact.kind, command, artifact.scores, variables, path=OPEN_INFERENCE_PATH)
