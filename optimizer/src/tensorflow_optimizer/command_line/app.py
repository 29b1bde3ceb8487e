"""The command line. Each command only parses options and calls its module, which is imported when it runs."""

from __future__ import annotations

import re
from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from collections.abc import Callable

#: Name of the command that people call: that of the npm package, which starts this one.
PROGRAM = "cdk-tensorflow"
_HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}

#: The module of each command, and its function, in the order of the help: what most people need comes first.
COMMANDS = {
    "inspect": "inspect:inspect",
    "check": "check:check",
    "optimize": "optimize:optimize",
    "convert": "convert:convert",
    "predict": "predict:predict",
    "compare": "compare:compare",
    "report": "report:report",
    "publish": "publish:publish",
    "verify": "verify:verify",
    "drift": "drift:drift",
    "server-binary": "server_binary:server_binary",
    "run": "run:run",
    "fetch": "publish:fetch",
    "publish-drift": "drift:publish_drift",
    "schemas": "schemas:schemas",
}


def function_of(name: str) -> Callable[..., None]:
    """Import the module of a command, and return the function that typer makes the command of."""
    module, _, function = COMMANDS[name].partition(":")
    found: Callable[..., None] = getattr(import_module(f".{module}", __package__), function)
    return found


class Commands(TyperGroup):
    """The group of all commands, each of which is made when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - of the base class
        """Return the names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - of the base class
        """Return a command; None if there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = command(cmd_name)
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the arguments name, and the others; for an unknown name, its error names them all."""
        if args and args[0] not in COMMANDS:
            ctx.fail(f"there is no command {args[0]!r}, but {', '.join(COMMANDS)}")
        return super().resolve_command(ctx, args)


def command(name: str) -> Any:
    """Return the command of this name, with its parameters."""
    function = function_of(name)
    single = typer.Typer(add_completion=False, context_settings=_HELP_OPTIONS)
    # The help wraps paragraphs itself, where its line ends.
    text = re.sub(r"(?<!\n)\n(?!\n)", " ", cleandoc(function.__doc__ or ""))
    single.command(name, help=text)(function)
    return typer.main.get_command(single)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    context_settings=_HELP_OPTIONS,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=(
        "Optimizes a TensorFlow model for one serving platform, proves what that costs, and publishes it.\n\n"
        "Exit codes: 0 done; 1 anything unexpected (out of memory or disk among it); 2 bad input; 3 no candidate "
        "passed the gate; 4 the model cannot do what was asked."
    ),
)


@app.callback()
def begin() -> None:
    """Make a group of the commands, which typer does for functions that it knows, or with this one."""
