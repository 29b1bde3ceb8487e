"""The package that the optimizer and the functions share."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import cdk_tensorflow_shared


def test_needs_the_standard_library_only() -> None:
    """The functions bundle no packages, and the optimizer's are not theirs."""
    source = Path(cdk_tensorflow_shared.__file__).parents[1]
    modules = [module.name for module in pkgutil.iter_modules(cdk_tensorflow_shared.__path__)]
    program = f"import sys; sys.path.append({str(source)!r}); from cdk_tensorflow_shared import {', '.join(modules)}"

    assert len(modules) > 3
    # -S: without site-packages.
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)
