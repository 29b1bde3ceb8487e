"""Examples of the command line in README.md and docs/."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from tensorflow_optimizer.command_line.app import COMMANDS, command
from tensorflow_optimizer.errors import ExitCode

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXIT_CODES = re.compile(r"(?:Exit codes:|;) (\d)")
CALL = re.compile(r"cdk-tensorflow ([a-z][^\n`]*)")
#: Commands of the npm package itself, which `test/scripts/guide-commands.test.ts` checks.
OTHERS = {"preflight", "delivery", "recommend", "open", "openapi", "completion"}


def calls(text: str) -> list[list[str]]:
    """Return the words of each command, from its name on."""
    found = CALL.findall(text.replace("\\\n", " "))
    words = [shlex.split(entry.partition(" #")[0].replace("…", "")) for entry in found]
    return [entry for entry in words if entry[0] not in OTHERS]


def problem(words: list[str]) -> str | None:
    """Return what is wrong with a command."""
    name, *rest = words
    if name not in COMMANDS:
        return f"there is no command {name}"
    known = {option for parameter in command(name).params for option in (*parameter.opts, *parameter.secondary_opts)}
    known.add("--python")  # of the npm package
    if name == "predict":
        known |= {"--model", "--service", "--unsigned", "--region", "--profile"}  # of the npm package, which signs
    unknown = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
    return f"{name} has no {', '.join(unknown)}" if unknown else None


def test_the_pages_show_commands() -> None:
    assert sum(len(calls(page.read_text(encoding="utf-8"))) for page in PAGES) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_only_commands_that_exist_with_their_options(page: Path) -> None:
    wrong = [found for words in calls(page.read_text(encoding="utf-8")) if (found := problem(words))]
    assert wrong == []


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("optimise model", "there is no command optimise"),
        ("optimize model --nothing 1 --data=x.npz", "optimize has no --nothing"),
        ("compare a b --data x.npz", None),
    ],
)
def test_a_wrong_command_is_found(command: str, found: str | None) -> None:
    (words,) = calls(f"`npx cdk-tensorflow {command}`")
    assert problem(words) == found


def test_the_table_of_exit_codes_is_that_of_the_commands() -> None:
    text = (ROOT / "docs" / "optimizing.md").read_text(encoding="utf-8")
    table = text.partition("| exit code | meaning |\n|---|---|\n")[2].partition("\n\n")[0]
    assert [int(row.split("|")[1]) for row in table.splitlines()] == [int(code) for code in ExitCode]
    stated = {int(code) for name in COMMANDS for code in EXIT_CODES.findall(command(name).help or "")}
    assert {0, 2, 4} <= stated <= {int(code) for code in ExitCode}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_starts_the_optimizer_by_the_npm_package(page: Path) -> None:
    assert not re.search(r"python[\d.]* -m ", page.read_text(encoding="utf-8"))
