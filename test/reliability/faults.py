"""Lists the tests that inject a fault: `npm run faults [-- FILE]`, by default dist/faults.md.

A test in Python carries `@pytest.mark.fault`; one in TypeScript has the line `// Injects a fault.` directly above it.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Headings of the list with the directories of their tests.
AREAS = {
    "The optimization job": ("optimizer/tests", "test/cli/optimizer"),
    "The deployment": ("runtime/build_runner/tests", "lab/e2e"),
    "Functions, and the LiteRT server of pods and instances": ("runtime/handler/tests", "server/tests"),
    "Pods": ("runtime/rollout_waiter/tests", "lab/nodes"),
    "Instances": ("runtime/instance/tests", "lab/machines"),
    "Deliveries": ("runtime/model_delivery/tests", "test/delivery"),
}
#: Marks with the name of their test, which further decorators may separate from a mark.
PYTHON = re.compile(r"^ *@pytest\.mark\.fault\n(?:(?! *def )(?:[ )@].*|)\n)* *def test_(\w+)", re.MULTILINE)
TYPESCRIPT = re.compile(r"// Injects a fault\.\n *test.*?'((?:\\.|[^'\\])+)', async")


def rows(area: str, page: Path) -> list[str]:
    """Return the names of an area's tests, each with a link to its file."""
    files = sorted(file for directory in AREAS[area] for file in (ROOT / directory).rglob("*test*"))
    return [
        f"* {name.replace('_', ' ')} ([{file.name}]({os.path.relpath(file, page.parent)}))"
        for file in files
        if file.suffix in {".py", ".ts"}
        for name in (PYTHON if file.suffix == ".py" else TYPESCRIPT).findall(file.read_text(encoding="utf-8"))
    ]


def main(arguments: list[str]) -> None:
    """Write the list."""
    page = Path(arguments[0] if arguments else ROOT / "dist" / "faults.md").resolve()
    page.parent.mkdir(parents=True, exist_ok=True)
    parts = ["# Tests that inject a fault", *(f"## {area}\n\n" + "\n".join(rows(area, page)) for area in AREAS)]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"{page}: {sum(len(rows(area, page)) for area in AREAS)} tests")


if __name__ == "__main__":
    main(sys.argv[1:])
