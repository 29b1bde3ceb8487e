"""The optimizer as a program, which builds and `npx cdk-tensorflow` start."""

from __future__ import annotations

from .command_line.app import PROGRAM, app


def main() -> None:
    """Run the command line."""
    app(prog_name=PROGRAM)


if __name__ == "__main__":
    main()
