"""Compares recipes by kind of layer with those that treat all layers alike. See lab/benchmark/README.md."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.layers.networks import NETWORKS, Network, trained
from benchmark.layers.recipes import CALIBRATION, RECIPES, SEARCHES, STOCK
from benchmark.layers.tables import targets, to_markdown
from benchmark.optimizer.measure import measure
from benchmark.optimizer.processor import found
from benchmark.optimizer.rows import ORIGINAL, Row, by_hand, optimized
from benchmark.optimizer.tables import combine
from benchmark.running import asked, conditions, write_results


def main() -> None:
    """Optimize, measure, write the results and print them."""
    runs = asked(__doc__, "runs", 1, 3)
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-layers-") as directory:
        tables = {network.name: _table(network, runs, Path(directory)) for network in NETWORKS}
    result = {
        **conditions(before),
        "runs": runs,
        "processorHas": found(),
        "networks": tables,
        "targets": targets(tables),
    }
    write_results("layers", result, to_markdown(result))


def _table(network: Network, runs: int, root: Path) -> list[dict[str, Any]]:
    _say(f"training {network.name}, once …")
    model = trained(network)
    measured = []
    for seed in range(runs):
        out = root / f"{network.side}-{network.name.split()[0]}-{seed}"
        out.mkdir()
        rows = [Row(ORIGINAL, model.directory, "Keras's export")]
        recipes = RECIPES | (SEARCHES if network.is_dense else {})
        for number, (name, recipe) in enumerate(recipes.items()):
            _say(f"{network.name}, run {seed + 1}: {name} …")
            rows.append(optimized(name, model.directory, model.data, out / f"job-{number}", seed, recipe))
        converted = by_hand(model.directory, out)
        rows += [*converted, *_stock(model.data, converted[0].path, out)]
        _say(f"{network.name}, run {seed + 1}: measuring {len(rows)} models …")
        measured.append(measure(rows, model.images, model.labels))
    return combine(measured)


def _stock(data: Path, float_model: Path, out: Path) -> list[Row]:
    """Quantize the plain conversion with litert-quantizer's own recipes."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter
    from litert_quantizer import Quantizer, recipe

    images = np.load(data)["image"][:CALIBRATION]
    interpreter = Interpreter(str(float_model))
    [signature] = interpreter.get_signature_list()
    [given] = interpreter.get_signature_runner(signature).get_input_details()
    rows = []
    for name in STOCK:
        quantizer = Quantizer(str(float_model), getattr(recipe, name)())
        samples = {signature: [{given: image[None]} for image in images]}
        ranges = quantizer.calibrate(samples, num_threads=2) if quantizer.need_calibration else None
        path = out / f"{name}.tflite"
        path.write_bytes(quantizer.quantize(ranges).quantized_model or b"")
        rows.append(Row(name, path, "litert-quantizer"))
    return rows


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
