"""Applies bfloat16 with oneDNN on: `python -m tensorflow_optimizer.conversion.bfloat16_process FROM TO TAG…`."""

from __future__ import annotations

import sys
from pathlib import Path

from ..errors import reason_of
from ..processes import environment


def main(arguments: list[str]) -> int:
    """Apply bfloat16 and return the exit code; the last line on standard error describes an error."""
    environment.prepare()
    import tensorflow as tf

    from .bfloat16 import bake_here
    from .freeze import FreezeError

    frozen, destination = arguments
    try:
        bake_here(Path(frozen), Path(destination))
    except (FreezeError, ValueError, tf.errors.OpError) as error:
        sys.stderr.write(f"{reason_of(error)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
