"""Measures what the figures show, and draws them: `npm run bench -- figures`. See lab/benchmark/README.md."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "optimizer" / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "runtime" / "shared" / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "stand_ins"))

from benchmark.digits import REPOSITORY, RESULTS
from benchmark.figures import pictures
from benchmark.figures.costs import cost
from benchmark.figures.document import document

PAGE = REPOSITORY / "docs" / "figures.md"
IMAGES = REPOSITORY / "docs" / "images" / "figures"
#: Each benchmark with the minutes that it takes on a quiet machine.
BENCHMARKS = (
    (("cold", "--rounds", "1000"), 16),
    (("models",), 10),
    (("server",), 8),
    (("optimizer", "--runs", "1"), 15),
    (("synth",), 4),
)
DRAWN = (
    ("cold", pictures.starts),
    ("models", pictures.models),
    ("server", pictures.servers),
    ("optimizer", pictures.candidates),
    ("synth", pictures.synthesis),
    ("costs", pictures.costs),
)


def main() -> None:
    """Measure, and write the page with its pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--draw", action="store_true", help="draw what lab/benchmark/results/ has, and measure nothing")
    only.add_argument("--check", action="store_true", help="fail where the page is not what --draw would write")
    asked = parser.parse_args()
    if not asked.draw and not asked.check:
        measure()
    found = {name: json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name, _ in DRAWN}
    IMAGES.mkdir(parents=True, exist_ok=True)
    others = {file: text for file, text in drawn(found).items() if not file.exists() or file.read_text("utf-8") != text}
    names = ", ".join(str(file.relative_to(REPOSITORY)) for file in others)
    if others and asked.check:
        sys.exit(f"not drawn from lab/benchmark/results/: {names}; npm run bench -- figures --draw")
    for file, text in others.items():
        file.write_text(text, encoding="utf-8")
    print(names or "nothing has changed")


def measure() -> None:
    """Run each benchmark, one after the other."""
    minutes = sum(minutes for _, minutes in BENCHMARKS)
    print(f"{minutes} minutes on a quiet machine; use it for nothing else until then", file=sys.stderr, flush=True)
    for command, expected in BENCHMARKS:
        print(f"{' '.join(command)}: {expected} minutes …", file=sys.stderr, flush=True)
        subprocess.run(["npm", "run", "--silent", "bench", "--", *command], cwd=REPOSITORY, check=True)  # noqa: S603, S607 - our own commands
    (RESULTS / "costs.json").write_text(json.dumps(cost(), indent=2) + "\n", encoding="utf-8")


def drawn(results: dict[str, dict[str, Any]]) -> dict[Path, str]:
    """Return the page and its pictures by their files.

    Args:
        results: Of each benchmark by its name.
    """
    found = [draw(results[name]) for name, draw in DRAWN]
    sections = [
        f"## {it.title}\n\n![{it.title}](images/figures/{it.name}.svg)\n\n{it.says}\n\n{it.measured}" for it in found
    ]
    introduction = (
        "`npm run bench -- figures` measures what is here on your machine, in about an hour, and draws it again. Only "
        "ratios travel to other machines. [How each is measured, and what it leaves out](../lab/benchmark/README.md)."
    )
    return {PAGE: "\n\n".join(["# Figures", introduction, *sections]) + "\n"} | {
        IMAGES / f"{it.name}.svg": document(it.svg) for it in found
    }


if __name__ == "__main__":
    main()
