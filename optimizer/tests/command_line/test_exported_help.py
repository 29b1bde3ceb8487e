"""The help that `npx cdk-tensorflow` prints before the optimizer's packages are installed."""

from __future__ import annotations

import json

from tensorflow_optimizer.command_line.export_help import HELP_FILE, help_text


def test_it_is_that_of_the_commands() -> None:
    """Fail until `python -m tensorflow_optimizer.command_line.export_help` has written the help again."""
    assert HELP_FILE.read_text(encoding="utf-8") == help_text()


def test_every_command_of_users_has_its_options_and_a_line_of_a_list() -> None:
    commands = json.loads(help_text())
    assert {"inspect", "optimize", "compare", "report", "publish", "verify"} <= set(commands)
    assert "schemas" not in commands
    for name, command in commands.items():
        assert command["help"].startswith(f"Usage: cdk-tensorflow {name} [OPTIONS]")
        assert len(command["summary"]) < 110
        assert not any(line.endswith(" ") for line in command["help"].splitlines())
    assert "--max-accuracy-loss" in commands["optimize"]["help"]
