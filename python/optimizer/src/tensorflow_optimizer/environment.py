"""What must be set before TensorFlow is imported: quiet, on the CPU, and the same numbers in every run."""

from __future__ import annotations

import os
from importlib import metadata

from .config import BEHAVIOR_VERSION, Toolchain
from .errors import OptimizerError


def prepare() -> None:
    """Set the process up. To be called before the first import of TensorFlow."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("PYTHONHASHSEED", "0")


def versions() -> dict[str, str]:
    """Return the versions of the tools that decide what is written, by the name of their distribution."""
    names = {
        "tensorflow": ("tensorflow", "tensorflow-cpu"),
        "keras": ("keras",),
        "litert": ("ai-edge-litert",),
        "numpy": ("numpy",),
    }
    found = {name: _version(distributions) for name, distributions in names.items()}
    return {**found, "behavior": str(BEHAVIOR_VERSION)}


def check_toolchain(toolchain: Toolchain) -> None:
    """Refuse a job that was written for other tools: its build key would name an output that it is not.

    Raises:
        OptimizerError: a version differs.
    """
    present = versions()
    wanted = {
        "tensorflow": toolchain.tensorflow,
        "litert": toolchain.litert,
        "behavior": str(toolchain.behavior_version),
    }
    wrong = [
        f"{name} {version} (here: {present[name]})" for name, version in wanted.items() if present[name] != version
    ]
    if wrong:
        raise OptimizerError(
            f"the job was written for {', '.join(wrong)}; install python/optimizer/requirements.txt of the version of "
            "cdk-tensorflow that wrote the job, or write the job for the tools that are here"
        )


def _version(distributions: tuple[str, ...]) -> str:
    for distribution in distributions:
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return "absent"
