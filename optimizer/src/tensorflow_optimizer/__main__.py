"""`python -m tensorflow_optimizer`."""

from __future__ import annotations

from .command_line.app import app

if __name__ == "__main__":
    app(prog_name="tensorflow_optimizer")
