"""Thousands of requests through one process of the native program. Prints `N passed, N failed`.

    npm run native -- soak [--requests REQUESTS] [--front lambda] [--front server]

Contract cases, generated bodies, broken bodies, large bodies and, for the server, gRPC messages come in random order.
Every answer is compared with the one expected: the contract's, or the Python handler's. The process must end as large
as it was after the first quarter.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
ROOMS = ("runtime/handler/tests", "runtime/handler/src", "optimizer/src", "test/contract", "lab/stand_ins")
sys.path[:0] = [str(HERE), str(HERE / "server"), *(str(REPOSITORY / room) for room in ROOMS)]

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_server import events, load
from native_fronts import Exchange, LambdaFront, ServerFront, contract, event_of, grpc_check, is_answer
from test_native_contract import FINITE_IN_PYTHON
from test_request_properties import JUNK, bodies
from zoo import NAME, make

if TYPE_CHECKING:
    from model_server import Model

REQUESTS = 20_000
#: Different bodies that are generated; they come again and again.
GENERATED = 2_000
LARGE_ROWS = 100_000
#: One request of so many is a large one.
LARGE_EVERY = 500
#: One request of so many to the server is a gRPC message.
GRPC_EVERY = 5
#: Most KiB that a process may grow by after the first quarter: the allocator's own unrest, not a byte for each request.
ALLOWED_KIBIBYTES = 2 * 1024
SHOWN = 5


def generated(model: Model, count: int) -> list[Exchange]:
    """Generate bodies, and take the Python handler's answers."""
    found: list[Exchange] = []

    @settings(
        max_examples=count, deadline=None, database=None, derandomize=False, suppress_health_check=list(HealthCheck)
    )
    @given(body=st.one_of(bodies(model), bodies(model), bodies(model), JUNK))
    def collect(body: Any) -> None:
        found.append(asked(model, json.dumps(body)))

    collect()
    return [case for case in found if case.body != FINITE_IN_PYTHON]


def large(model: Model) -> Exchange:
    """Return a request of some megabytes."""
    return asked(model, json.dumps({"instances": [[0.5, 1.25]] * LARGE_ROWS}))


def asked(model: Model, body: str) -> Exchange:
    """Ask the Python handler."""
    path = f"/v1/models/{NAME}:predict"
    response = events.answer(model, event_of("POST", path, body))
    answer = json.loads(response["body"]) if response["statusCode"] == 200 else None
    return Exchange("POST", path, body, response["statusCode"], answer)


def resident(pid: int) -> int:
    """Return the memory that a process holds, in KiB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])


def soak(front: LambdaFront | ServerFront, pool: list[Exchange], big: Exchange, requests: int) -> tuple[int, int]:
    """Send the requests in sixteen parts. Return how many passed and failed, flat memory among them."""
    check_message = grpc_check(front) if isinstance(front, ServerFront) else None
    shown: list[str] = []

    def send(number: int) -> bool:
        source = random.Random(number)  # the same requests every time
        if check_message and number % GRPC_EVERY == 0:
            right, told = check_message(source), "a gRPC message"
        else:
            exchange = big if number % LARGE_EVERY == 1 else source.choice(pool)
            status, body = front.ask(exchange)
            right = is_answer(exchange, status, body)
            told = (
                f"{exchange.body!r:.200}: {status} {body!r:.200}; expected {exchange.status} {exchange.answer!r:.200}"
            )
        if not right and len(shown) < SHOWN:
            shown.append(told)
        return right

    send(2)
    sizes = [resident(front.process.pid)]
    passed = 0
    parts = 16
    with ThreadPoolExecutor(front.clients) as clients:
        for part in range(parts):
            numbers = range(requests * part // parts, requests * (part + 1) // parts)
            passed += sum(clients.map(send, numbers))
            sizes.append(resident(front.process.pid))
    for told in shown:
        print(told, file=sys.stderr)
    print(f"memory in MiB, before and after each sixteenth: {', '.join(f'{size / 1024:.1f}' for size in sizes)}")
    flat = max(sizes[-4:]) - max(sizes[1:5]) <= ALLOWED_KIBIBYTES
    if not flat:
        print("the process has grown", file=sys.stderr)
    return passed + flat, requests - passed + (not flat)


def main(name: str, requests: int = REQUESTS) -> int:
    """Run it all."""
    with tempfile.TemporaryDirectory() as directory:
        base, work = Path(directory, "models", "1"), Path(directory, "work")
        work.mkdir()
        make(base)
        shutil.rmtree(base / "saved_model")
        model = load(str(base))
        pool = [*contract(), *generated(model, min(GENERATED, requests))]
        big = large(model)
        model.close()
        front = LambdaFront(base) if name == "lambda" else ServerFront(base, work)
        try:
            passed, failed = soak(front, pool, big, requests)
        finally:
            front.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
