"""Writes the help of all commands for `npx cdk-tensorflow`, which prints it before there are the optimizer's packages.

`python -m tensorflow_optimizer.command_line.export_help`
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from rich.text import Text
from typer.testing import CliRunner

from .app import COMMANDS, PROGRAM, app, command

HELP_FILE = Path(__file__).resolve().parents[4] / "cli" / "optimizer" / "commands.json"
#: Most characters of a line.
_WIDTH = 100
#: Only those who develop the optimizer need it.
_INTERNAL = frozenset({"schemas"})


def help_text() -> str:
    """Return the file's text: summary, help and options of each command, in the order of the program's own help."""
    texts = {
        name: {"summary": _summary(command(name).help or ""), "help": _help(name), "options": _options(name)}
        for name in COMMANDS
        if name not in _INTERNAL
    }
    return json.dumps(texts, indent=1, ensure_ascii=False) + "\n"


def _summary(text: str) -> str:
    """Return the first sentence, as a line of a list has it."""
    sentence = re.split(r"\.(?:\s|$)", text.strip(), maxsplit=1)[0]
    return " ".join((sentence[:1].lower() + sentence[1:]).split())


def _options(name: str) -> dict[str, dict[str, str]]:
    """Return the options in the form of Node.js's `parseArgs`, by their names without dashes."""
    return {
        option.removeprefix("--"): {"type": "boolean" if parameter.is_flag else "string"}
        for parameter in command(name).params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    }


def _help(name: str) -> str:
    width = {"COLUMNS": str(_WIDTH), "TERMINAL_WIDTH": str(_WIDTH), "NO_COLOR": "1"}
    shown = CliRunner().invoke(app, [name, "--help"], prog_name=PROGRAM, env=width)
    # Typer writes styles wherever GITHUB_ACTIONS or FORCE_COLOR is set.
    return "".join(f"{line.rstrip()}\n" for line in Text.from_ansi(shown.output).plain.strip().splitlines())


if __name__ == "__main__":
    HELP_FILE.write_text(help_text(), encoding="utf-8")
