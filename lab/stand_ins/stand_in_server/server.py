"""Starts as tensorflow_model_server does: the ports open only when every model is loaded."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path
from typing import Any

from stand_in_server.flags import FlagError, parse

VERSION = "stand-in for TensorFlow Serving 2.20"
log = logging.getLogger("stand_in_server")


def main(arguments: list[str]) -> int:
    """Serve until a signal ends the process.

    No signal is handled: SIGTERM ends it at once, and does nothing where it is the first process of its namespace.
    """
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname).1s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        flags, unknown = parse(arguments[1:])
    except FlagError as error:
        print(f"{error}\nusage: tensorflow_model_server [flags]", file=sys.stderr)
        return 255
    if flags["version"]:
        print(VERSION)
        return 0
    if unknown:
        print(f"unknown argument: {unknown[0]}\nusage: tensorflow_model_server [flags]", flush=True)
    try:
        return _serve(flags)
    except (ValueError, OSError) as error:
        log.error("Failed to start server. Error: %s", error)  # noqa: TRY400 - the sentence says it all
        return 255


def _serve(flags: dict[str, Any]) -> int:
    from stand_in_server.configuration import ConfigurationError, check_batching, prometheus_path
    from stand_in_server.grpc_api import open_grpc
    from stand_in_server.metrics import Metrics
    from stand_in_server.models import Models
    from stand_in_server.rest import Api, open_rest

    log.info("%s: a test tool, not TensorFlow Serving", VERSION)
    if all(flags[f"tensorflow_{kind}_parallelism"] for kind in ("session", "intra_op", "inter_op")):
        raise ConfigurationError("tensorflow_session_parallelism excludes the two other flags of parallelism")
    if flags["batching_parameters_file"]:
        if not flags["enable_batching"]:
            raise ConfigurationError("server_options.batching_parameters_file is set without setting enable_batching")
        check_batching(Path(flags["batching_parameters_file"]))
    rest = flags["rest_api_port"] not in {0, flags["port"]}
    monitoring = rest and flags["monitoring_config_file"]
    metrics_path = prometheus_path(Path(flags["monitoring_config_file"])) if monitoring else None

    models = Models(flags)
    if problem := models.serve():
        raise ConfigurationError(problem)
    models.watch()
    metrics = Metrics()
    server = open_grpc(models, metrics, flags)
    log.info("Running gRPC ModelServer at 0.0.0.0:%d", flags["port"])
    if rest:
        http = open_rest(Api(models, metrics, metrics_path), flags["rest_api_port"])
        log.info("Exporting HTTP/REST API at 0.0.0.0:%d", flags["rest_api_port"])
        http.serve_forever()
    server.wait_for_termination()
    return 0
