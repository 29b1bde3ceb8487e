"""Processor features that the optimizer's targets depend on."""

from __future__ import annotations

from pathlib import Path

#: Names in /proc/cpuinfo on x86_64 and arm64. One of each entry is enough.
FEATURES: dict[str, tuple[str, ...]] = {
    "AVX2": ("avx2",),
    "AVX-512": ("avx512f",),
    "int8 dot products (VNNI, dotprod)": ("avx512_vnni", "avx_vnni", "asimddp"),
    "bfloat16 (AVX-512 BF16, AMX, Arm BF16)": ("avx512_bf16", "amx_bf16", "bf16"),
}
DOT_PRODUCTS, BFLOAT16 = list(FEATURES)[2:]


def found() -> list[str]:
    """Return the `FEATURES` of this machine's processor."""
    flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    return [name for name, names in FEATURES.items() if not flags.isdisjoint(names)]


def name() -> str:
    """Return the processor's name, as far as the machine tells."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unnamed")
