"""Measures model_server beside what users run instead, interleaved: `npm run bench:server`. See benchmark/README.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.running import write_results
from benchmark.server.contenders import contenders
from benchmark.server.environment import generators, packages
from benchmark.server.measure import Benchmark
from benchmark.server.models import artifacts, request
from benchmark.server.tables import to_markdown
from benchmark.server.targets import targets

SECONDS, QUICK_SECONDS = 1.5, 0.5


def main() -> None:
    """Install what is missing, measure, write the results and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="at least 1, 3 by default")
    parser.add_argument(
        "--quick", action="store_true", help="one round of short loads: a trial, which writes no results"
    )
    parser.add_argument("--install", action="store_true", help="only install the load generators and FastAPI")
    asked = parser.parse_args()
    if asked.rounds < 1:
        parser.error(f"--rounds must be at least 1, got {asked.rounds}")
    installed, tools = packages(), generators()
    if tools.oha is None and tools.ghz is None:
        parser.error("; ".join(tools.missing))
    if asked.install:
        print("\n".join(tools.missing))
        return
    with tempfile.TemporaryDirectory() as directory:
        print("optimizing the model …", file=sys.stderr)
        models = artifacts(Path(directory))
        sent = request(Path(directory))
        compared = contenders(models, installed)
        benchmark = Benchmark(compared, models, sent, tools, QUICK_SECONDS if asked.quick else SECONDS)
        result = benchmark.run(1 if asked.quick else asked.rounds)
    result["candidates"] = {model.kind: model.candidate for model in models}
    result["missing"] = tools.missing
    result["targets"] = targets(result)
    page = to_markdown(result)
    if asked.quick:
        print(page)
    else:
        write_results("server", result, page)


if __name__ == "__main__":
    main()
