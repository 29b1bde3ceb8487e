"""Lambda's Runtime API, and a process that is started as Lambda starts a function's.

See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
"""

from .function import EndedError, Function
from .server import Posted, RuntimeApi

CLIENT = "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); from awslambdaric.__main__ import main; main(sys.argv)"
"""Starts the client of Lambda's own Python images; its first argument is a `sys.path`."""

__all__ = ["CLIENT", "EndedError", "Function", "Posted", "RuntimeApi"]
