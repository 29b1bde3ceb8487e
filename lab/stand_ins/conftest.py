"""Stand-in servers: one of a model with two versions, one of the model that TensorFlow Serving was asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from running_server import ENVIRONMENT, Server, configure

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDS = Path(__file__).parent / "records"

_MAKE_MODELS = """
import sys, tensorflow as tf

class Half(tf.Module):
    def __init__(self, offset):
        super().__init__()
        self.half, self.offset = tf.Variable(0.5), tf.Variable(float(offset))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def one(self, x):
        return {"y": x * self.half + self.offset}

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="image"), tf.TensorSpec([None], tf.int32, name="n")]
    )
    def two(self, image, n):
        return {"image_bytes": image, "length": tf.strings.length(image) + n}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def total(self, x):
        return {"sum": tf.reduce_sum(x)}

for version, offset in ((1, 2), (2, 3)):
    model = Half(offset)
    signatures = {"serving_default": model.one, "two": model.two, "total": model.total}
    tf.saved_model.save(model, f"{sys.argv[1]}/{version}", signatures=signatures)
"""


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions 1 (x/2 + 2) and 2 (x/2 + 3) of a model."""
    directory = tmp_path_factory.mktemp("versions")
    subprocess.run(
        [sys.executable, "-c", _MAKE_MODELS, str(directory)], check=True, env=ENVIRONMENT, capture_output=True
    )
    return directory


@pytest.fixture(scope="session")
def server(versions: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    monitoring = directory / "monitoring.config"
    monitoring.write_text('prometheus_config { enable: true path: "/metrics" }')
    server = Server(
        directory,
        f"--model_config_file={configure(directory / 'models.config', versions, 1)}",
        f"--monitoring_config_file={monitoring}",
        "--enable_grpc_healthcheck_service",
        "--grpc_max_threads=3",
        "--no_such_flag=1",
        "--no_such_flag_either=1",
    )
    server.until(server.answers)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the model that TensorFlow Serving 2.20 was asked."""
    directory = tmp_path_factory.mktemp("zoo")
    subprocess.run(
        [sys.executable, str(RECORDS / "zoo.py"), str(directory / "zoo" / "1")],
        check=True,
        env=ENVIRONMENT,
        capture_output=True,
    )
    server = Server(directory, "--model_name=zoo", f"--model_base_path={directory / 'zoo'}")
    server.until(server.answers)
    yield server
    server.stop()
