"""What a stock Amazon Linux 2023 brings, taken from this machine: Python 3.9 and the AWS CLI."""

from __future__ import annotations

import hashlib
import logging
import sys
import zipfile
from functools import cache
from pathlib import Path

from embedded_aws.host.pythons import find_python, newest_python

PYTHON = "3.9"

# The layer with the AWS CLI that the CDK itself deploys.
_LAYER = Path(__file__).resolve().parents[4] / "node_modules" / "@aws-cdk" / "asset-awscli-v1" / "lib" / "layer.zip"

_log = logging.getLogger("embedded_aws.ec2")


@cache
def python() -> Path:
    """Python 3.9, or the newest of this machine where it has none."""
    found = find_python(PYTHON)
    if found is None:
        found = newest_python()
        _log.warning("instances run Python %s: this machine has no %s", found.minor, PYTHON)
    return found.executable


def aws_command(cache_directory: Path) -> Path:
    """A program that is the AWS CLI.

    Args:
        cache_directory: where it is unpacked, once.

    Raises:
        FileNotFoundError: the CDK's package with it is not installed.
    """
    if not _LAYER.is_file():
        raise FileNotFoundError(f"instances need the AWS CLI of {_LAYER}, which is not there: run npm ci")
    directory = cache_directory / f"awscli-{hashlib.sha256(_LAYER.read_bytes()).hexdigest()[:16]}"
    if not directory.is_dir():
        incoming = directory.with_suffix(".incoming")
        with zipfile.ZipFile(_LAYER) as layer:
            layer.extractall(incoming)
        incoming.replace(directory)
    program = directory / "aws"
    text = f'#!/bin/sh\nexec {sys.executable} {directory / "awscli" / "aws"} "$@"\n'
    if not program.is_file() or program.read_text(encoding="utf-8") != text:
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
    return program
