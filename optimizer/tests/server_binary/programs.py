"""Programs that take the place of tensorflow_model_server: the stand-in server, and what goes wrong with one."""

from __future__ import annotations

import sys
from pathlib import Path

STAND_INS = Path(__file__).parents[3] / "lab" / "stand_ins"


def stand_in() -> bytes:
    """Return a program that answers as TensorFlow Serving does, with TensorFlow in Python."""
    return f"""#!/bin/sh
export PYTHONPATH='{STAND_INS}' TF_CPP_MIN_LOG_LEVEL=2
exec '{sys.executable}' -m stand_in_server "$@"
""".encode()


def lying() -> bytes:
    """Return a stand-in server that serves the model, and adds a little to every number that it answers."""
    return f"""#!/bin/sh
export PYTHONPATH='{STAND_INS}' TF_CPP_MIN_LOG_LEVEL=2
exec '{sys.executable}' -c '
import sys
from stand_in_server import codec, rest, server
honest = codec.write_outputs
def write_outputs(outputs, *, rows):
    return honest({{name: value + 0.01 for name, value in outputs.items()}}, rows=rows)
codec.write_outputs = rest.write_outputs = write_outputs
sys.exit(server.main(sys.argv))
' "$@"
""".encode()


def script(text: str) -> bytes:
    return f"#!/bin/sh\n{text}\n".encode()
