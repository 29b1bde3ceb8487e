"""`npm run bench -- server`: model_server beside what users run instead, interleaved. See lab/benchmark/README.md."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from subprocess import CalledProcessError

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.onnx_file import onnx_packages
from benchmark.running import reason_of, write_results
from benchmark.server.contenders import MODEL_SERVER, SERVERS, contenders, server_packages
from benchmark.server.fixed_rate import steady, why_not_steady
from benchmark.server.generators import generators
from benchmark.server.measure import Benchmark
from benchmark.server.models import OPTIMIZED, artifacts, request
from benchmark.server.protocol import protocol
from benchmark.server.soak import soak
from benchmark.server.tables import to_markdown
from benchmark.server.targets import targets

SECONDS, QUICK_SECONDS = 1.5, 0.5


def main() -> None:
    """Install what is missing, measure, write the results and print them."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # so that the servers end, too
    parser = _parser()
    asked = parser.parse_args()
    tools = generators()
    if tools.oha is None and tools.ghz is None:
        parser.error("; ".join(tools.missing))
    if asked.soak and tools.oha is None:
        parser.error(f"--soak needs oha: {'; '.join(tools.missing)}")
    if asked.install:
        print("\n".join([*tools.missing, *_install()]))
        return
    with tempfile.TemporaryDirectory() as directory:
        print("optimizing the model …", file=sys.stderr)
        models = artifacts(Path(directory))
        sent = request(Path(directory))
        compared, missing = contenders(asked.servers, models, Path(directory))
        benchmark = Benchmark(compared, models, sent, tools, QUICK_SECONDS if asked.quick else SECONDS)
        result = benchmark.run(1 if asked.quick else asked.rounds)
        [ours] = [each for each in compared if (each.server, each.artifact) == (MODEL_SERVER, OPTIMIZED)]
        result["protocol"] = protocol(ours, sent, Path(directory), rounds=3 if asked.quick else 20 * asked.rounds)
        not_steady = why_not_steady()
        if tools.oha and not not_steady:
            result["steady"] = steady(ours, sent, tools.oha, rounds=result["rounds"], seconds=result["seconds"])
        if asked.soak and tools.oha:
            print(f"{asked.soak:g} minutes at a fixed rate …", file=sys.stderr)
            result["soak"] = soak(ours, sent, tools.oha, asked.soak)
    result["candidates"] = {model.kind: model.candidate for model in models}
    result["missing"] = [*tools.missing, *missing, *([not_steady] if not_steady else [])]
    result["targets"] = targets(result)
    page = to_markdown(result)
    if asked.quick:
        print(page)
    else:
        write_results("server", result, page)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=_at_least_one, default=3, help="at least 1, 3 by default")
    parser.add_argument(
        "--servers",
        type=_servers,
        default=list(SERVERS),
        metavar="NAME,NAME",
        help=f"what to measure beside model_server: {', '.join(list(SERVERS)[1:])}; all by default",
    )
    parser.add_argument(
        "--soak",
        type=_minutes,
        default=0,
        metavar="MINUTES",
        help="send to model_server for so long at a fixed rate, too",
    )
    parser.add_argument(
        "--quick", action="store_true", help="one round of short loads: a trial, which writes no results"
    )
    parser.add_argument("--install", action="store_true", help="only install the load generators and the servers")
    return parser


def _install() -> list[str]:
    """Install every server, and return a sentence for each that cannot be."""
    missing = []
    for names, install in (("FastAPI and LitServe", server_packages), ("ONNX Runtime and tf2onnx", onnx_packages)):
        try:
            install()
        except (CalledProcessError, OSError) as error:
            missing.append(f"{names} could not be installed: {reason_of(error)}")
    return missing


def _at_least_one(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {count}")
    return count


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= 24 * 60:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most a day, got {minutes:g}")
    return minutes


def _servers(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in SERVERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"must be of {', '.join(SERVERS)}, got {', '.join(unknown)}")
    return ["model_server", *names]


if __name__ == "__main__":
    main()
