"""A process that is started as Lambda starts a function's, with the Runtime API of the optimizer's proof."""

from tensorflow_optimizer.proof.runtime_api import Posted, RuntimeApi

from .function import EndedError, Function

CLIENT = "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); from awslambdaric.__main__ import main; main(sys.argv)"
"""Starts the client of Lambda's own Python images; its first argument is a `sys.path`."""

__all__ = ["CLIENT", "EndedError", "Function", "Posted", "RuntimeApi"]
