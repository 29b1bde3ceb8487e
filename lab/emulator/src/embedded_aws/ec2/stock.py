"""Finds the programs of a stock Amazon Linux 2023 on this machine: Python 3.9 and the AWS CLI."""

from __future__ import annotations

import hashlib
import logging
import shlex
import sys
import zipfile
from functools import cache
from pathlib import Path

from embedded_aws.host.pythons import find_python, newest_python
from embedded_aws.host.shared_cache import kept

PYTHON = "3.9"

# The layer with the AWS CLI that the CDK itself deploys.
LAYER = Path(__file__).resolve().parents[5] / "node_modules" / "@aws-cdk" / "asset-awscli-v1" / "lib" / "layer.zip"

_log = logging.getLogger("embedded_aws.ec2")


@cache
def python() -> Path:
    """Python 3.9, or the newest of this machine where it has none."""
    found = find_python(PYTHON)
    if found is None:
        found = newest_python()
        _log.warning("instances run Python %s: this machine has no %s", found.minor, PYTHON)
    return found.executable


def aws_cli(cache_directory: Path) -> Path:
    """The directory of the AWS CLI for Python: its program `aws`, and the packages that it imports.

    Args:
        cache_directory: where the CLI is unpacked, once.

    Raises:
        FileNotFoundError: the CDK's package with it is not installed.
    """
    if not LAYER.is_file():
        raise FileNotFoundError(f"instances need the AWS CLI of {LAYER}, which is not there: run npm ci")

    def unpack(target: Path) -> None:
        with zipfile.ZipFile(LAYER) as layer:
            layer.extractall(target)

    return kept(cache_directory / f"awscli-{hashlib.sha256(LAYER.read_bytes()).hexdigest()[:16]}", unpack) / "awscli"


def aws_command(cache_directory: Path, directory: Path) -> Path:
    """A program that is the AWS CLI.

    Args:
        cache_directory: where the CLI is unpacked, once.
        directory: of this embedded AWS, whose interpreter the program runs.

    Raises:
        FileNotFoundError: the CDK's package with it is not installed.
    """
    command = shlex.join([sys.executable, str(aws_cli(cache_directory) / "aws")])

    def write(target: Path) -> None:
        program = target / "aws"
        program.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        program.chmod(0o755)

    return kept(directory / "stock", write) / "aws"
