"""Asks a server by one client of the Open Inference Protocol or of TensorFlow Serving's API, with its defaults.

    ask.py CLIENT ADDRESS MODEL INPUT ROWS

ADDRESS has no scheme. ROWS is JSON: rows of float32 for the model's only input. Prints as JSON what the client found.
A process has one client, because two of them bring the same messages of gRPC.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import numpy as np


def triton_http(address: str, model: str, name: str, rows: np.ndarray) -> dict[str, Any]:
    """Ask by tritonclient over HTTP, which sends and gets tensors in binary form."""
    import tritonclient.http as triton

    client = triton.InferenceServerClient(address)
    metadata = client.get_model_metadata(model)
    x = tensor(triton, name, rows)

    def scores(**options: Any) -> Any:
        result = client.infer(model, [x], **options)
        return result.as_numpy(metadata["outputs"][0]["name"]).tolist()

    zipped = [
        scores(request_compression_algorithm=algorithm, response_compression_algorithm=algorithm)
        for algorithm in ("gzip", "deflate")
    ]
    listed = triton.InferRequestedOutput(metadata["outputs"][0]["name"], binary_data=False)
    return {
        "health": [client.is_server_live(), client.is_server_ready(), client.is_model_ready(model)],
        "extensions": client.get_server_metadata()["extensions"],
        "inputs": metadata["inputs"],
        "id": client.infer(model, [x], request_id="a1").get_response()["id"],
        "scores": [scores(), scores(model_version=metadata["versions"][-1]), scores(outputs=[listed]), *zipped],
        "refused": [
            refusal(triton, client.infer, "nope", [x]),
            refusal(triton, client.get_inference_statistics, model),
            refusal(triton, client.get_model_repository_index),
        ],
    }


def triton_grpc(address: str, model: str, name: str, rows: np.ndarray) -> dict[str, Any]:
    """Ask by tritonclient over gRPC."""
    import tritonclient.grpc as triton

    client = triton.InferenceServerClient(address)
    metadata = client.get_model_metadata(model)
    x, output = tensor(triton, name, rows), metadata.outputs[0].name
    chosen = [triton.InferRequestedOutput(output)]
    return {
        "health": [client.is_server_live(), client.is_server_ready(), client.is_model_ready(model)],
        "inputs": [
            {"name": given.name, "datatype": given.datatype, "shape": list(given.shape)} for given in metadata.inputs
        ],
        "id": client.infer(model, [x], request_id="a1").get_response().id,
        "scores": [
            client.infer(model, [x], **options).as_numpy(output).tolist()
            for options in ({}, {"model_version": metadata.versions[-1]}, {"outputs": chosen})
        ],
        "refused": [
            refusal(triton, client.infer, "nope", [x]),
            refusal(triton, client.get_inference_statistics, model),
            refusal(triton, client.get_model_repository_index),
        ],
    }


def openvino_http(address: str, model: str, name: str, rows: np.ndarray) -> dict[str, Any]:
    """Ask by ovmsclient over TensorFlow Serving's REST API."""
    from ovmsclient import make_http_client

    return openvino(make_http_client(address), model, name, rows)


def openvino_grpc(address: str, model: str, name: str, rows: np.ndarray) -> dict[str, Any]:
    """Ask by ovmsclient over TensorFlow Serving's gRPC API."""
    from ovmsclient import make_grpc_client

    return openvino(make_grpc_client(address), model, name, rows)


def openvino(client: Any, model: str, name: str, rows: np.ndarray) -> dict[str, Any]:
    """Ask for version 2, and for the client's default."""
    from ovmsclient.tfs_compat.base.errors import ModelServerError

    try:
        default = client.predict({name: rows}, model).tolist()
    except ModelServerError as error:
        default = str(error)
    status, metadata = client.get_model_status(model, 2), client.get_model_metadata(model, 2)
    return {
        "state": {version: found["state"] for version, found in status.items()},
        "metadata": metadata,
        "scores": client.predict({name: rows}, model, 2).tolist(),
        "default": default,
    }


def tensor(triton: Any, name: str, rows: np.ndarray) -> Any:
    """Return an input of tritonclient."""
    x = triton.InferInput(name, rows.shape, "FP32")
    x.set_data_from_numpy(rows)
    return x


def refusal(triton: Any, call: Any, *arguments: Any) -> str:
    """Return the sentence that a call is refused with."""
    from tritonclient.utils import InferenceServerException

    try:
        call(*arguments)
    except InferenceServerException as error:
        return str(error.message())
    raise AssertionError(f"{triton.__name__} was not refused: {arguments}")


async def kserve_rest(address: str, model: str, name: str, rows: np.ndarray) -> dict[str, Any]:
    """Ask by kserve over REST, in both forms."""
    from kserve import InferenceRESTClient, InferRequest, RESTConfig

    client, url = InferenceRESTClient(RESTConfig(protocol="v2")), f"http://{address}"
    found = []
    for x, parameters in ((listed(name, rows), None), (raw(name, rows), {"binary_data_output": True})):
        request = InferRequest(model, [x], request_id="a1", parameters=parameters)
        found.append(await client.infer(url, request, model_name=model))
    health = [await client.is_server_live(url), await client.is_server_ready(url)]
    health.append(await client.is_model_ready(url, model))
    return {"health": health, "id": found[0].id, "scores": [given.outputs[0].as_numpy().tolist() for given in found]}


async def kserve_grpc(address: str, model: str, name: str, rows: np.ndarray) -> dict[str, Any]:
    """Ask by kserve over gRPC, in both forms."""
    from kserve import InferenceGRPCClient, InferRequest

    async with InferenceGRPCClient(address) as client:
        requests = [InferRequest(model, [x], request_id="a1") for x in (listed(name, rows), raw(name, rows))]
        found = [await client.infer(request) for request in requests]
        health = [await client.is_server_live(), await client.is_server_ready(), await client.is_model_ready(model)]
    return {"health": health, "id": found[0].id, "scores": [given.outputs[0].as_numpy().tolist() for given in found]}


def listed(name: str, rows: np.ndarray) -> Any:
    """Return an input of kserve with a list of values."""
    from kserve import InferInput

    return InferInput(name, list(rows.shape), "FP32", rows.flatten().tolist())


def raw(name: str, rows: np.ndarray) -> Any:
    """Return an input of kserve with bytes."""
    from kserve import InferInput

    x = InferInput(name, list(rows.shape), "FP32")
    x.set_data_from_numpy(rows)
    return x


CLIENTS = {
    "triton-http": triton_http,
    "triton-grpc": triton_grpc,
    "kserve-rest": kserve_rest,
    "kserve-grpc": kserve_grpc,
    "openvino-http": openvino_http,
    "openvino-grpc": openvino_grpc,
}


def main() -> None:
    """Ask."""
    client, address, model, name, rows = sys.argv[1:]
    found: Any = CLIENTS[client](address, model, name, np.array(json.loads(rows), np.float32))
    print(json.dumps(asyncio.run(found) if asyncio.iscoroutine(found) else found))


if __name__ == "__main__":
    main()
