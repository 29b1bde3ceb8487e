"""Child process of the proof, with only the function's package, so that memory and times are the function's.

Run by its path, without other packages of the optimizer. Reads {"handler", "model",
"requests": [[signature, inputs], …], "warm": [signature, inputs]} and writes its results.
"""

from __future__ import annotations

import json
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ROUNDS = 2
_WARM_RUNS = 20
_WARM_SECONDS = 3.0


def main(question: str, answer: str) -> None:
    """Answer one question document."""
    with open(question, encoding="utf-8") as file:  # noqa: PTH123 - pathlib would count in the memory that is measured
        asked = json.load(file)
    sys.path.insert(0, asked["handler"])
    found: dict[str, Any] = {}
    try:
        _probe(asked, found)
    except Exception as error:
        found["error"] = f"{error}" or type(error).__name__
    with open(answer, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
        json.dump(found, file)


def _probe(asked: dict[str, Any], found: dict[str, Any]) -> None:
    import model_server

    start = time.perf_counter()
    model = model_server.load(asked["model"])
    found["loadMilliseconds"] = _since(start)
    signature, inputs = asked["warm"]
    model.predict(signature, inputs)
    found["peakMebibytes"] = peak_mebibytes()
    # Send the sequence twice: a runtime that keeps state between calls answers differently.
    found["answers"] = [[model.predict(*request) for request in asked["requests"]] for _ in range(_ROUNDS)]
    found["warmMilliseconds"] = _warm(model, signature, inputs)


def _warm(model: Any, signature: str, inputs: Any) -> float:
    times: list[float] = []
    end = time.perf_counter() + _WARM_SECONDS
    while len(times) < _WARM_RUNS and (len(times) < 3 or time.perf_counter() < end):
        start = time.perf_counter()
        model.predict(signature, inputs)
        times.append(_since(start))
    return sorted(times)[len(times) // 2]


def _since(start: float) -> float:
    return (time.perf_counter() - start) * 1000.0


def peak_mebibytes(process: int | str = "self") -> float | None:
    """Return the process's peak resident memory; None if the system does not report it."""
    # Not getrusage(): its peak survives exec, so it would include the parent process.
    try:
        with open(f"/proc/{process}/status", encoding="ascii") as file:  # noqa: PTH123 - as above
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024.0
    except OSError:
        pass
    return None


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
