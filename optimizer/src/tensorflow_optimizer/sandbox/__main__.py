"""The processes of the sandbox, with the arguments `zygote JUDGE SOCKET MODULE...` and `leaf READING WRITING`."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # Keras imports it to draw, which no model needs; in a new directory it first reads every font, for four seconds.
    sys.modules["matplotlib"] = None  # type: ignore[assignment]  # None refuses the import
    kind, *arguments = sys.argv[1:]
    if kind == "zygote":
        from .zygote import main as serve

        serve(arguments)
    else:
        from .start import main as run

        code = run(arguments)
        sys.stderr.flush()
        # Native code may have left threads that would end the process with errors of their own.
        os._exit(code)
