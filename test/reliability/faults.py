"""Lists the faults that tests inject, with the test of each: `npm run faults [-- FILE]`, by default dist/faults.md.

A test in Python carries `@pytest.mark.fault("what is injected", sees="…", serves="…")`, several where its parameters
are several faults. One in TypeScript has above it the comment
`// Fault: what is injected | what you see | what serves`, whose further lines begin with three spaces.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "dist" / "faults.md"
INTRODUCTION = """# Faults that tests inject

Rows marked *(component)* are of tests that send no request: what serves follows from what they assert of one program.

"""

#: Headings of the faults in the order of the list, with the directories of their tests. A test's innermost one counts.
AREAS = {
    "The optimization job": ("optimizer/tests", "test/cli/optimizer"),
    "The deployment": ("runtime/build_runner/tests", "lab/e2e"),
    "Functions": ("runtime/handler/tests", "server/tests"),
    "The LiteRT server of pods and instances": ("server/tests/server",),
    "Pods": ("runtime/rollout_waiter/tests", "lab/nodes"),
    "Instances": ("runtime/instance/tests", "lab/machines"),
    "Deliveries": ("runtime/model_delivery/tests", "test/delivery"),
}
#: Tests that request predictions of what was deployed, and so assert what serves.
DEPLOYED = ("lab/e2e", "lab/nodes", "lab/machines")
_COMMENT = re.compile(r"^[ \t]*// Fault: (.+(?:\n[ \t]*//   .+)*)\n[ \t]*test(?:\.each)?\(", re.MULTILINE)
_STRAY = re.compile(r"// Fault:")


class FaultError(Exception):
    """A mark that says too little, or belongs to no test."""


@dataclass(frozen=True)
class Fault:
    """A row of the table."""

    injected: str
    sees: str
    serves: str
    test: Path

    def __str__(self) -> str:
        """Return the row."""
        link = f"[{self.test.name}]({os.path.relpath(self.test, PAGE.parent)})"
        is_deployed = any(self.test.is_relative_to(ROOT / place) for place in DEPLOYED)
        serves = self.serves if is_deployed else f"{self.serves} *(component)*"
        return f"| {self.injected} | {self.sees} | {serves} | {link} |"


def find_faults(directory: Path) -> list[Fault]:
    """Return the faults of all tests below a directory, in the order of the files and of the tests."""
    python = (fault for file in sorted(directory.rglob("test_*.py")) for fault in _in_python(file))
    typescript = (fault for file in sorted(directory.rglob("*.test.ts")) for fault in _in_typescript(file))
    return [*python, *typescript]


def _in_python(file: Path) -> Iterator[Fault]:
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    marks = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_mark(node.func)]
    tests = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    # A mark may also be among the marks of one parameter.
    of_tests = {id(node) for test in tests for decorator in test.decorator_list for node in ast.walk(decorator)}
    for mark in sorted(marks, key=lambda node: node.lineno):
        if id(mark) not in of_tests:
            raise FaultError(f"{file}:{mark.lineno}: a fault is marked at a test")
        try:
            [injected] = mark.args
            named = {one.arg: one.value for one in mark.keywords}
            yield _fault(file, *map(ast.literal_eval, (injected, named["sees"], named["serves"])))
        except (KeyError, TypeError, ValueError) as error:
            raise FaultError(
                f'{file}:{mark.lineno}: write fault("…", sees="…", serves="…") with plain texts'
            ) from error


def _is_mark(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and ast.unparse(function) == "pytest.mark.fault"


def _in_typescript(file: Path) -> Iterator[Fault]:
    text = file.read_text(encoding="utf-8")
    found = _COMMENT.findall(text)
    if len(found) != len(_STRAY.findall(text)):
        raise FaultError(f"{file}: a comment `// Fault:` stands directly above a test")
    for comment in found:
        cells = re.sub(r"\s*\n\s*//\s*", " ", comment).split(" | ")
        if len(cells) != 3:
            raise FaultError(f"{file}: `// Fault: {comment}` needs three parts with ` | ` between them")
        yield _fault(file, *cells)


def _fault(file: Path, injected: str, sees: str, serves: str) -> Fault:
    return Fault(_cell(injected), _cell(sees), _cell(serves), file)


def _cell(text: str) -> str:
    if not text.strip() or "|" in text or "\n" in text:
        raise ValueError(text)
    return text.strip()


def _area(fault: Fault) -> str:
    """Return the heading of a fault."""
    found = [
        (len(one), area)
        for area, directories in AREAS.items()
        for one in directories
        if ROOT / one in fault.test.parents
    ]
    return max(found)[1]


def table() -> str:
    """Return all faults, in Markdown."""
    parts = []
    for area, directories in AREAS.items():
        rows = [
            str(fault) for directory in directories for fault in find_faults(ROOT / directory) if _area(fault) == area
        ]
        head = ["| what is injected | what you see | what serves | test |", "|---|---|---|---|"]
        parts.append("\n".join([f"## {area}", "", *head, *rows, ""]))
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the list."""
    page = Path(arguments[0]) if arguments else PAGE
    try:
        faults = table()
    except FaultError as error:
        print(error)
        return 1
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(INTRODUCTION + faults, encoding="utf-8")
    print(f"{page}: {faults.count('.py)') + faults.count('.ts)')} faults")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
