"""What the processor can do that the optimizer's targets depend on."""

from __future__ import annotations

from pathlib import Path

#: By the names of /proc/cpuinfo, of x86_64 and of arm64. Of each entry one is enough.
FEATURES: dict[str, tuple[str, ...]] = {
    "AVX2": ("avx2",),
    "AVX-512": ("avx512f",),
    "int8 dot products (VNNI, dotprod)": ("avx512_vnni", "avx_vnni", "asimddp"),
    "bfloat16 (AVX-512 BF16, AMX, Arm BF16)": ("avx512_bf16", "amx_bf16", "bf16"),
}
DOT_PRODUCTS, BFLOAT16 = list(FEATURES)[2:]


def found() -> list[str]:
    """Return those of `FEATURES` that this machine's processor has."""
    flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    return [name for name, names in FEATURES.items() if not flags.isdisjoint(names)]
