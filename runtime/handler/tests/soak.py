"""Thousands of generated requests more than the tests send, new ones each time. Prints `N passed, N failed`.

    npm run native -- soak [--requests REQUESTS]

Every request gets an answer or a sentence, never a fault; and the process ends as large as it was half-way through.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src"), str(HERE.parents[2] / "optimizer" / "src")]

from handler_models import build_all
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_server import events, load
from test_request_properties import JUNK, MODELS, bodies, check_sentence

if TYPE_CHECKING:
    from model_server import Model

REQUESTS = 20_000
BATCH = 500
#: Maximum growth of a process in the second half: the allocator's variation, less than a byte for each request.
ALLOWED_KIBIBYTES = 8 * 1024


def resident() -> int:
    """Return the memory that this process holds, in KiB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])


def batch(model: Model, count: int) -> tuple[int, int, list[Any]]:
    """Send so many generated requests, then those again that were kept, and return how many passed and failed."""
    passed = failed = 0
    kept: list[Any] = []

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(body=st.one_of(bodies(model), bodies(model), bodies(model), JUNK))
    def send(body: Any) -> None:
        nonlocal passed, failed
        if passed + failed >= count:
            return
        try:
            answer = events.answer(model, body)
            if "error" in answer:
                check_sentence(answer["error"])
            passed += 1
        except Exception as error:
            failed += 1
            print(f"{type(error).__name__}: {error}\n  {body!r:.300}", file=sys.stderr)
        kept.append(body)

    send()
    return passed, failed, kept


def main(requests: int = REQUESTS) -> int:
    """Run it all."""
    passed = failed = 0
    with tempfile.TemporaryDirectory() as directory:
        directories = build_all(Path(directory))
        models = [load(directories[name]) for name in MODELS]
        turn = 0
        replayed: list[tuple[Model, Any]] = []
        while passed + failed < requests:
            model = models[turn % len(models)]
            good, bad, kept = batch(model, min(BATCH, requests - passed - failed))
            passed, failed, turn = passed + good, failed + bad, turn + 1
            replayed += [(model, body) for body in kept[:50]]
        # Hypothesis keeps what it has generated, so memory is watched while the same requests come again and again.
        sizes = []
        for _ in range(6):
            for model, body in replayed * max(1, requests // (6 * len(replayed))):
                events.answer(model, body)
            sizes.append(resident())
        grown = sizes[-1] - sizes[2]
        flat = grown <= ALLOWED_KIBIBYTES
        print(f"memory in MiB, six rounds: {', '.join(f'{size / 1024:.1f}' for size in sizes)}")
        passed, failed = passed + flat, failed + (not flat)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
