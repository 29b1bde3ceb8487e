"""The function's package by itself, in a process whose memory and times are the function's.

Run by its path, without other packages of the optimizer: `handler_probe.py <handler> <model>`. Each line that it reads
is a question, and each line that it writes an answer. Questions are `{"load": true}` and, with `"times"` for more than
once, `{"predict": [signature, inputs]}`.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def main(handler: str, directory: str) -> None:
    """Answer questions until there are no more."""
    # What the package prints is no answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.insert(0, handler)
    model: Any = None
    for line in sys.stdin:
        asked, answer = json.loads(line), {}
        try:
            import model_server

            if "load" in asked:
                model = model_server.load(directory)
            for _ in range(asked.get("times", 1) if "predict" in asked else 0):
                answer["outputs"] = model.predict(*asked["predict"])
        except Exception as error:
            answer = {"error": f"{error}" or type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
