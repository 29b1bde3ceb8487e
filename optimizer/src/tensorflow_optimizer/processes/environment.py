"""Settings that must be made before TensorFlow is imported: quiet, on the CPU, and reproducible."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

from ..documents.job import BEHAVIOR_VERSION, Toolchain
from ..errors import OptimizerError

#: Tools that determine the output, and the names of their distributions.
DISTRIBUTIONS: dict[str, tuple[str, ...]] = {
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "keras": ("keras",),
    "litert": ("ai-edge-litert",),
    "litert-quantizer": ("litert-quantizer",),
    "numpy": ("numpy",),
}

#: Threads of an operation in TensorFlow, on every machine: what they sum up is rounded by how many there are, which
#: otherwise is the number of processors. As many as a usual build has; more threads than processors cost little.
_THREADS = "8"


def prepare() -> None:
    """Configure the process. Call it before the first import of TensorFlow."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("PYTHONHASHSEED", "0")
    os.environ.update(TF_NUM_INTRAOP_THREADS=_THREADS, TF_NUM_INTEROP_THREADS=_THREADS)


def has_bfloat16() -> bool:
    """Say whether this machine's processor supports bfloat16, as such a model needs."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "").split()
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags)


def processors() -> int:
    """Return how many processors this process may use."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def available_memory() -> int:
    """Return the available memory in bytes, of the machine and of this container."""
    limits = [_meminfo("MemAvailable")]
    root = Path("/sys/fs/cgroup")
    try:
        limit, used = ((root / name).read_text(encoding="ascii").strip() for name in ("memory.max", "memory.current"))
        limits.append(int(limit) - int(used) if limit != "max" else None)
    except (OSError, ValueError):
        pass  # no cgroup of the second version
    known = [value for value in limits if value is not None]
    return max(0, min(known)) if known else 1 << 32


def _meminfo(name: str) -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), None)


def versions() -> dict[str, str]:
    """Return the versions of the tools that determine the output, by the name of their distribution."""
    installed = {name: _version(distributions) for name, distributions in DISTRIBUTIONS.items()}
    return {**installed, "behavior": str(BEHAVIOR_VERSION)}


def check_toolchain(toolchain: Toolchain) -> None:
    """Reject a job for other tool versions: its build key would identify another output.

    Raises:
        OptimizerError: A version differs.
    """
    present = versions()
    pinned = {
        "tensorflow": toolchain.tensorflow,
        "litert": toolchain.litert,
        "behavior": str(toolchain.behavior_version),
    }
    wrong = [
        f"{name} {version} (here: {present[name]})" for name, version in pinned.items() if present[name] != version
    ]
    if wrong:
        raise OptimizerError(
            f"the job was written for {', '.join(wrong)}; install optimizer/requirements.txt of the version of "
            "cdk-tensorflow that wrote the job, or write the job for the tools that are here"
        )


def _version(distributions: tuple[str, ...]) -> str:
    for distribution in distributions:
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return "absent"
