"""Checks that an endpoint can serve a published model."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from cdk_tensorflow_shared.published_versions import IN_LAYER

from ..errors import ModelError
from ..store import Store
from ..versions.manifests import read_manifest
from ..versions.published import LAYER_FILE, digest_of, published
from ..versions.records import to_data
from ..versions.signing import verify_signature
from .memory import (
    MEBIBYTE,
    ONE_PROCESSOR_MEBIBYTES,
    estimated_memory,
    function_memory,
    is_enough,
    least_memory,
    pod_memory,
)

if TYPE_CHECKING:
    from collections.abc import Callable

#: Lambda's limit for code and layers together, in bytes, unzipped.
_LARGEST_FUNCTION = 262_144_000
#: CPU features that TensorFlow uses instead of the required one, here for bfloat16.
_ALTERNATIVES = {"bf16": {"bf16", "avx512_bf16", "amx_bf16"}}


def check_compatibility(
    properties: dict[str, Any], is_rollback: Callable[[], bool] = lambda: False, *, verify: bool = True
) -> dict[str, str]:
    """Return what an endpoint needs to serve a model, or fail with one sentence.

    Args:
        properties: Bucket; ManifestKey and ManifestSha256, or Pointer; Offer; optionally Digests, values by name. For
            each, the digest of model, runtime and value is returned under that name. With SigningKey, the ARN of a key,
            only a manifest that it has signed is accepted, and for a function only the layer that this manifest names.
        is_rollback: Tells whether the stack returns to what it served.
        verify: Whether to verify the manifest's signature. The layer is verified in any case.
    """
    store = Store(properties["Bucket"])
    offer = json.loads(properties["Offer"])
    key, digest = manifest_address(properties)
    manifest, sha256 = read_manifest(store, key, digest, is_rollback)
    if properties.get("SigningKey") and verify:
        verify_signature(store, key, sha256, properties["SigningKey"])
    runtime = _choose_runtime(manifest, offer)
    problems = _problems(manifest, offer, runtime)
    if problems:
        raise ModelError(_misfit(store.address(key), offer, problems))
    is_bound = bool(properties.get("SigningKey")) and offer["endpoint"] == "function"
    record = published(store, key, sha256, manifest, verify_layer=is_bound)
    if offer["endpoint"] == "function" and record["LayerObjectVersion"] in {"", "null"}:
        raise ModelError(
            f"the bucket {store.bucket} keeps no versions, so nothing holds {record['LayerKey']} in place: switch "
            "versioning on and publish the model again"
        )
    if offer["endpoint"] == "service" and not record["ChecksumsSha256"]:
        raise ModelError(
            f"the model {store.address(key)} has no SHA256SUMS, so pods cannot verify its files: publish it again with "
            "the optimizer of this version"
        )
    if offer.get("requiresServer") and not store.exists(record["ServerKey"]):
        raise ModelError(
            f"there is no {store.address(record['ServerKey'])}, which the manifest {store.address(key)} names: copy it "
            "from where the model was published, or publish the model again"
        )
    offered = _offered(offer, runtime)
    layer = offered.get("layerArn", "")
    digests = {name: _digest([sha256, runtime, layer, value]) for name, value in properties.get("Digests", {}).items()}
    memory = {"MemoryRequest": "" if offer["endpoint"] == "function" else pod_memory(manifest, offer)}
    if offer.get("replayOf"):
        memory["FunctionMemory"] = function_memory(manifest, offer)
    return to_data(
        record | {"Runtime": runtime},
        RuntimeLayerArn=layer,
        FunctionRuntime=offered.get("functionRuntime", ""),
        LayerSha256=digest_of(manifest, LAYER_FILE),
        GoldenSha256=manifest.get("goldenSha256") or "",
        **memory,
        **digests,
    )


def _misfit(address: str, offer: dict[str, Any], problems: list[str]) -> str:
    listed = "; ".join(problems)
    if not offer.get("replayOf"):
        return f"the model {address} does not fit its {offer['endpoint']}: {listed}"
    return (
        f"the model {address} does not fit the Lambda function in which replay asks it before the {offer['replayOf']} "
        f"changes: {listed}. Leave replay out, or make the model smaller"
    )


def _way_out(offer: dict[str, Any], text: str) -> str:
    """Return the end of a problem's sentence; of a function for replay, whose properties nobody sets, none."""
    return "" if offer.get("replayOf") else f": {text}"


def _offered(offer: dict[str, Any], runtime: str) -> dict[str, Any]:
    """Return the function's offer for a runtime; empty if it does not offer the runtime."""
    offered: dict[str, Any] = offer.get("runtimes", {}).get(runtime, {})
    return offered


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]


def manifest_address(properties: dict[str, Any]) -> tuple[str, str]:
    """Return the key and the SHA-256 of the manifest that a resource names; an empty SHA-256 if it names none."""
    if "Pointer" not in properties:
        return properties["ManifestKey"], properties.get("ManifestSha256", "")
    pointer = properties["Pointer"]
    try:
        document = json.loads(pointer)
        return document["manifestKey"], document["manifestSha256"]
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(
            "the parameter that should point at a model holds "
            f'{str(pointer)[:200]!r}, not {{"manifestKey": …, "manifestSha256": …}}: let a ModelOptimizer write it by '
            "its pointerParameterName"
        ) from error


def _choose_runtime(manifest: dict[str, Any], offer: dict[str, Any]) -> str:
    """Return the forced runtime, or the one the model was proved on if the function offers it."""
    if offer["endpoint"] != "function":
        return ""
    if offer.get("runtime"):
        return str(offer["runtime"])
    proved = str(manifest["requirements"].get("runtime") or "numpy")
    return proved if _offered(offer, proved) else "numpy"


def _problems(manifest: dict[str, Any], offer: dict[str, Any], runtime: str) -> list[str]:
    needs = manifest["requirements"]
    problems = []
    if manifest["format"] != offer["format"]:
        return [f"it is published as {manifest['format']}, and {offer['format']} is served here"]
    if manifest["architecture"] != offer["architecture"]:
        problems.append(
            f"it was optimized for and proved on {manifest['architecture']}, and {offer['architecture']} serves it: "
            "give optimizer and endpoint the same architecture"
        )
    if runtime:
        problems += _runtime_problems(needs, offer, runtime)
        problems += _image_problems(manifest, runtime)
        problems += _package_problems(manifest, offer, runtime)
    elif offer["format"] == "litert" and needs.get("runtime") != "native":
        why = needs.get("nativeRefusal") or "the optimization could not prove it"
        problems.append(
            f"the LiteRT server cannot serve it ({why}): serve it with TensorFlow Serving, or with ModelFunction, "
            "which has Python for such models"
        )
    problems += _memory_problems(needs, offer) or _size_problems(manifest, offer)
    problems += _time_problems(manifest, offer)
    if offer.get("requiresServer") and not manifest.get("server"):
        problems.append(
            "it was published without a server: give its ModelOptimizer a serverImage (on the command line: optimize "
            "--server-image), or give the endpoint a servingBinary"
        )
    if offer.get("cpuFeatures") is not None:
        offered = set(offer["cpuFeatures"])
        needed = needs.get("cpuFeatures", [])
        missing = [feature for feature in needed if offered.isdisjoint(_ALTERNATIVES.get(feature, {feature}))]
        if missing:
            problems.append(f"it needs a processor with {', '.join(missing)}: choose another instance type")
    return problems


def _runtime_problems(needs: dict[str, Any], offer: dict[str, Any], runtime: str) -> list[str]:
    problems = []
    if runtime == "native" and needs.get("runtime") == "numpy":
        why = needs.get("nativeRefusal") or "the optimization could not prove it"
        problems.append(
            f"the native runtime is asked for, and cannot serve it ({why}): leave the choice of the runtime out"
        )
    if not _offered(offer, runtime):
        problems.append(f"it needs the {runtime} runtime, which the function does not offer")
    return problems


def _image_problems(manifest: dict[str, Any], runtime: str) -> list[str]:
    tensors = [
        tensor for signature in manifest.get("signatures", {}).values() for tensor in signature["inputs"].values()
    ]
    if runtime == "native" or not any(tensor.get("image") for tensor in tensors):
        return []
    return [
        (
            f"it takes images, which only the native runtime decodes, and the {runtime} runtime serves it here: "
            "leave hook, snapStart and liteRtRuntime out, or publish it without imageInput"
        )
    ]


def _package_problems(manifest: dict[str, Any], offer: dict[str, Any], runtime: str) -> list[str]:
    model = sum(file["size"] for file in manifest["files"] if file["path"].startswith(IN_LAYER))
    parts = {
        **offer.get("partBytes", {}),
        f"{runtime} layer": _offered(offer, runtime).get("layerBytes", 0),
        "model": model,
    }
    total = sum(parts.values())
    if total <= _LARGEST_FUNCTION:
        return []
    shown = ", ".join(f"{name} {size}" for name, size in parts.items())
    return [
        (
            f"it makes {total} bytes of code and layers ({shown}), unzipped, and Lambda allows {_LARGEST_FUNCTION}"
            + _way_out(
                offer,
                "make model or layers smaller, or serve it with ModelService or ModelFleet, which have no such limit",
            )
        )
    ]


def _memory_problems(needs: dict[str, Any], offer: dict[str, Any]) -> list[str]:
    peak, memory = needs.get("peakMemoryMebibytes"), offer.get("memoryMebibytes")
    if peak is None or memory is None or is_enough(peak, memory):
        return []
    return [
        (
            f"it used {math.ceil(peak)} MiB to answer one request, and {memory} MiB of memory are too few"
            + _way_out(offer, f"set at least {least_memory(peak)} MiB")
        )
    ]


def _size_problems(manifest: dict[str, Any], offer: dict[str, Any]) -> list[str]:
    """Return the problems that are certain even without a measurement: a server holds the whole model."""
    memory, size = offer.get("memoryMebibytes"), manifest["sizeBytes"] / MEBIBYTE
    if offer["endpoint"] == "function" or memory is None or size <= memory:
        return []
    needed = estimated_memory(manifest, offer)
    return [f"it has {math.ceil(size)} MiB, and {memory} MiB of memory are too few: set at least {needed} MiB"]


def _time_problems(manifest: dict[str, Any], offer: dict[str, Any]) -> list[str]:
    timeout = offer.get("timeoutSeconds")
    load, latency = manifest.get("loadMilliseconds"), manifest.get("latencyMilliseconds")
    if timeout is None or latency is None:
        return []
    # Lambda allocates processor time in proportion to memory.
    slowdown = max(1.0, ONE_PROCESSOR_MEBIBYTES / (offer.get("memoryMebibytes") or ONE_PROCESSOR_MEBIBYTES))
    seconds = slowdown * ((load or 0) + latency) / 1000
    if seconds <= timeout:
        return []
    return [
        (
            f"its first answer takes about {seconds:.1f} s with this memory, and the timeout is {timeout} s"
            + _way_out(offer, "give it more time or more memory")
        )
    ]
