"""Says how a command that opened a model was kept from the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from ..sandbox import Sandbox


def show_isolation(console: Console, sandbox: Sandbox) -> None:
    """Print each layer of the sandbox with its state."""
    layers = "; ".join(f"{name} {state}" for name, state in sandbox.layers.items())
    console.print(f"opened in a sandbox: {layers}", markup=False, highlight=False)
