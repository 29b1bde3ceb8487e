"""The servers that are compared, and how they start."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.digits import DIGITS
from benchmark.onnx_file import convert, onnx_packages
from benchmark.running import native_program, packages, reason_of
from benchmark.server.models import FLOAT32, OPTIMIZED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from benchmark.server.models import Artifact

MODEL_SERVER, FASTAPI_LITERT, FASTAPI_TENSORFLOW = "model_server", "FastAPI with LiteRT", "FastAPI with TensorFlow"
FASTAPI_ONNX, LITSERVE = "FastAPI with ONNX Runtime", "LitServe with LiteRT"
SERVERS = {
    "model_server": MODEL_SERVER,
    "fastapi-litert": FASTAPI_LITERT,
    "fastapi-tensorflow": FASTAPI_TENSORFLOW,
    "fastapi-onnxruntime": FASTAPI_ONNX,
    "litserve": LITSERVE,
}
"""Names of the command line, and of the tables."""
WORKERS = os.cpu_count() or 1
_HERE = Path(__file__).resolve().parent
_APPS = _HERE / "apps"


@dataclass(frozen=True)
class Contender:
    """A server with one model."""

    server: str
    artifact: str
    command: list[str]
    """`{rest}` and `{grpc}` stand for ports."""
    scores: list[float]
    """The right answer to the request."""
    environment: dict[str, str] = field(default_factory=dict)
    has_grpc: bool = False
    model: str = "digits"

    @property
    def path(self) -> str:
        """Path of predict requests."""
        return f"/v1/models/{self.model}:predict"

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
        "model_server": lambda: [model_server(artifact) for artifact in artifacts],
        "fastapi-litert": lambda: [
            _fastapi(FASTAPI_LITERT, "litert", artifact.kind, artifact.file, artifact.scores) for artifact in artifacts
        ],
        "fastapi-tensorflow": lambda: [
            _fastapi(FASTAPI_TENSORFLOW, "tensorflow", "SavedModel", DIGITS / "saved_model", scores)
        ],
        "fastapi-onnxruntime": lambda: [
            _fastapi(FASTAPI_ONNX, "onnxruntime", "ONNX", convert(root), scores, onnx_packages())
        ],
        "litserve": lambda: [_litserve(optimized)],
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


def model_server(artifact: Artifact, model: str = "digits") -> Contender:
    """Return our server with a model, which is served by this name."""
    import ai_edge_litert

    program = native_program("model_server")
    library = Path(ai_edge_litert.__file__).parent / "libLiteRt.so"
    digest = hashlib.sha256(library.read_bytes()).hexdigest()
    command = [
        *(str(program), "--address=127.0.0.1", "--rest_api_port={rest}", "--port={grpc}", f"--workers={WORKERS}"),
        *(f"--model_name={model}", f"--model_base_path={artifact.base}", "--model_version=1"),
        *(f"--litert_library={library}", f"--litert_library_sha256={digest}"),
    ]
    return Contender(MODEL_SERVER, artifact.kind, command, artifact.scores, has_grpc=True, model=model)


def _fastapi(server: str, app: str, artifact: str, model: Path, scores: list[float], *further: Path) -> Contender:
    command = [
        *(sys.executable, "-m", "uvicorn", f"fastapi_{app}:app", "--app-dir", str(_APPS), "--workers", str(WORKERS)),
        *("--host", "127.0.0.1", "--port", "{rest}", "--loop", "uvloop", "--http", "httptools"),
        *("--no-access-log", "--log-level", "warning"),
    ]
    variables = {**_python_path(*further), "MODEL": str(model), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return Contender(server, artifact, command, scores, variables)


def _litserve(artifact: Artifact) -> Contender:
    command = [sys.executable, str(_APPS / "litserve_litert.py"), str(artifact.file), "{rest}", str(WORKERS)]
    return Contender(LITSERVE, artifact.kind, command, artifact.scores, _python_path())


def server_packages() -> Path:
    """Return a directory with FastAPI and LitServe, for the Python of the set-up, which has TensorFlow and LiteRT.

    Installs what is not there.

    Raises:
        CalledProcessError: A package cannot be installed.
    """
    return packages("server", _HERE / "requirements.txt")


def _python_path(*further: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(str(path) for path in (server_packages(), *further))}
