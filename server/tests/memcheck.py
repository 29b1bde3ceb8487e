"""The contract's cases through the native program under valgrind. Prints `N passed, N failed`.

    npm run native -- memcheck

It fails where the program, LiteRT or the C library reads or writes memory that is not theirs, or decides by a value
that nobody has set, and where memory is lost. Without AVX-512 and the like, which valgrind does not know: LiteRT takes
its kernels for older processors.
"""

from __future__ import annotations

import random
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
ROOMS = ("runtime/handler/tests", "runtime/handler/src", "optimizer/src", "test/contract", "lab/stand_ins")
sys.path[:0] = [str(HERE), str(HERE / "server"), *(str(REPOSITORY / room) for room in ROOMS)]

from native_fronts import LambdaFront, ServerFront, contract, grpc_check, is_answer
from zoo import make

MESSAGES = 50
SUMMARY = re.compile(r"ERROR SUMMARY: (\d+) errors")
LOST = re.compile(r"definitely lost: ([\d,]+) bytes")


def check(front: LambdaFront | ServerFront, log: Path) -> tuple[int, int]:
    """Send all cases and end the program. Return how many passed and failed, valgrind's findings among them."""
    passed = failed = 0
    for exchange in contract():
        status, body = front.ask(exchange)
        right = is_answer(exchange, status, body)
        passed, failed = passed + right, failed + (not right)
        if not right:
            print(f"{exchange.body!r:.200}: {status} {body!r:.200}", file=sys.stderr)
    if isinstance(front, ServerFront):
        message = grpc_check(front)
        right_ones = sum(message(random.Random(number)) for number in range(MESSAGES))
        passed, failed = passed + right_ones, failed + MESSAGES - right_ones
    front.process.send_signal(signal.SIGTERM)
    front.process.wait(120)
    report = log.read_text()
    summary, lost = SUMMARY.findall(report), LOST.findall(report)
    clean = bool(summary) and set(summary) == {"0"} and all(count == "0" for count in lost)
    if not clean:
        print(report, file=sys.stderr)
    return passed + clean, failed + (not clean)


def main() -> int:
    """Run it all."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        print("valgrind is not installed: it is a package of that name in Debian, Ubuntu and Fedora", file=sys.stderr)
        return 1
    passed = failed = 0
    with tempfile.TemporaryDirectory() as directory:
        base, work = Path(directory, "models", "1"), Path(directory, "work")
        work.mkdir()
        make(base)
        shutil.rmtree(base / "saved_model")
        for name in ("lambda", "server"):
            log = Path(directory, f"{name}.log")
            prefix = [
                valgrind,
                "--leak-check=full",
                "--show-leak-kinds=definite",
                "--errors-for-leak-kinds=definite",
                f"--log-file={log}",
                "--error-limit=no",
            ]
            front = LambdaFront(base, prefix) if name == "lambda" else ServerFront(base, work, prefix)
            try:
                good, bad = check(front, log)
            finally:
                front.close()
            print(f"{name}: {good} passed, {bad} failed")
            passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
