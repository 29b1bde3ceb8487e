"""`python -m tensorflow_optimizer`, and the command `tensorflow-optimizer`."""

from __future__ import annotations

from .command_line.app import app


def main() -> None:
    """Run the command line."""
    app(prog_name="tensorflow_optimizer")


if __name__ == "__main__":
    main()
