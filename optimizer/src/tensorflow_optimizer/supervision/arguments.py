"""The arguments of the job's own process."""

from __future__ import annotations

import argparse
from pathlib import Path


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read config, source, output, work, evaluation, serving, student and server."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("config", "source", "output", "work"):
        parser.add_argument(name, type=Path)
    for name in ("evaluation", "serving", "server"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--student", type=Path, action="append", default=[])
    return parser.parse_args(arguments)
