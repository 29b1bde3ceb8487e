"""A server of gRPC on a Unix socket."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_THREADS = 8


class CallError(Exception):
    """A call has failed."""


@dataclass(frozen=True)
class Method:
    """A call with one request and one answer.

    Attributes:
        request: Class of the request's message.
        answer: Makes the answer's message. A CallError of it is the caller's answer.
    """

    request: Any
    answer: Callable[[Any], Any]


class GrpcServer:
    """Answers until it is closed."""

    def __init__(self, path: Path, services: Mapping[str, Mapping[str, Method]]) -> None:
        """Begins to answer.

        Args:
            path: of the socket, which must not be there yet. It may be longer than the name of a socket can be.
            services: methods by their names, by the services' names, such as `csi.v1.Node`.
        """
        self._path = path
        self._server = grpc.server(ThreadPoolExecutor(_THREADS, "grpc"))
        self._server.add_generic_rpc_handlers(
            [
                grpc.method_handlers_generic_handler(
                    service, {name: _handler(method) for name, method in methods.items()}
                )
                for service, methods in services.items()
            ]
        )
        directory = os.open(path.parent, os.O_PATH)
        try:
            self._server.add_insecure_port(f"unix:/proc/self/fd/{directory}/{path.name}")
            self._server.start()
        finally:
            os.close(directory)

    def close(self) -> None:
        """Stop answering, and remove the socket."""
        self._server.stop(grace=None).wait()
        self._path.unlink(missing_ok=True)


def _handler(method: Method) -> Any:
    def answer(request: Any, context: Any) -> Any:
        try:
            return method.answer(request)
        except CallError as error:
            context.abort(grpc.StatusCode.INTERNAL, str(error))

    return grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=method.request.FromString,
        response_serializer=lambda found: found.SerializeToString(),
    )
