"""Asks the function of the embedded AWS and the stand-in server with the example clients: ask_clients.py ARGUMENTS.

ARGUMENTS is JSON: `functionUrl`, `functionName`, `port` (of the embedded AWS), `restPort`, `grpcPort`, `instances`.
Prints each client's answers as JSON.
"""

from __future__ import annotations

import http.client
import json
import sys
from pathlib import Path
from urllib.request import HTTPSHandler, build_opener

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "clients" / "python"))

import numpy as np
from direct_client import predict_directly
from grpc_client import GrpcModelClient
from model_client import ModelClient, ModelError


class EmbeddedAws(HTTPSHandler):
    """Sends requests for a function URL to the embedded AWS, which knows the host, but not TLS."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def https_open(self, request):
        """Open one."""
        return self.do_open(lambda _host, **_: http.client.HTTPConnection("127.0.0.1", self._port), request)


def main() -> None:
    """Ask all of them."""
    given = json.loads(sys.argv[1])
    instances = given["instances"]
    on_lambda = ModelClient(given["functionUrl"], "points", build_opener(EmbeddedAws(given["port"])))
    on_server = ModelClient(f"http://127.0.0.1:{given['restPort']}", "points")
    refused = []
    for client in (on_lambda, on_server):
        try:
            client.predict([[1.0]])
        except ModelError as error:
            refused.append(error.status)
    (scores,) = (
        GrpcModelClient(f"127.0.0.1:{given['grpcPort']}", "points")
        .predict({"point": np.array(instances, np.float32)})
        .values()
    )
    answers = {
        "lambda": on_lambda.predict(instances),
        "server": on_server.predict(instances),
        "direct": predict_directly(given["functionName"], instances),
        "grpc": scores.tolist(),
        "refused": refused,
        "metadata": [list(client.metadata()["metadata"]) for client in (on_lambda, on_server)],
    }
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
