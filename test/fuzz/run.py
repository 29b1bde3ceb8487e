"""Fuzzes each target for some seconds: `npm run fuzz -- python [--seconds 600] [--target archive] [--input FILE]`.

Prints `N passed, N failed`: a target passes when nothing was found. What reaches new code is kept in
`.tools/fuzz-python/corpus`, and what fails in `.tools/fuzz-python/findings`.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".tools" / "fuzz-python"
SOURCES = ("runtime/handler/src", "optimizer/src")
#: Limits of libFuzzer: an input that takes longer (s), or needs more memory (MiB), is a finding as well.
LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=8192")

TENSOR = {"dtype": "float32", "shape": [1, 2]}
STORED = {"dtype": "int8", "shape": [1, 3], "quantization": {"scale": 0.5, "zeroPoint": -1}}
DESCRIPTION = {
    "schemaVersion": 1,
    "model": "digits",
    "version": 1,
    "file": "model.tflite",
    "resetState": False,
    "labels": ["a", "b"],
    "defaultSignature": "serving_default",
    "signatures": {
        "serving_default": {
            "batched": True,
            "methodName": "tensorflow/serving/predict",
            "inputs": {"x": TENSOR},
            "outputs": {"y": {"dtype": "float32", "shape": [1, 3], "tensor": STORED}},
        }
    },
}
LINES = [
    {"instances": [{"x": [0.5, 1], "text": "a"}], "label": 1},
    {"inputs": {"x": [[0.5, 1]], "text": [{"b64": "AA=="}]}, "label": 2},
]


def seeds() -> dict[str, list[bytes]]:
    """Return valid inputs of each target."""
    archive, arrays = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("saved_model.pb", b"x" * 100)
        file.writestr("variables/variables.index", b"")
    np.savez(arrays, x=np.zeros((2, 2), np.float32), text=np.array([b"a", b"b"]), labels=np.array([0, 1]))
    return {
        "archive": [archive.getvalue()],
        "arrays": [arrays.getvalue()],
        "description": [json.dumps(DESCRIPTION).encode()],
        "lines": ["".join(f"{json.dumps(line)}\n" for line in LINES).encode()],
    }


def run(target: str, *arguments: str) -> int:
    """Run the fuzzer, and return its exit code."""
    paths = [*(str(ROOT / source) for source in SOURCES), os.environ["ATHERIS"]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, str(Path(__file__).with_name("fuzz.py")), target, *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


def fuzz(target: str, valid: list[bytes], seconds: int) -> bool:
    """Fuzz one target from valid inputs on, and return whether nothing was found."""
    grown, findings = WORK / "corpus" / target, WORK / "findings" / target
    for directory in (grown, findings):
        directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as given:
        for number, content in enumerate(valid):
            Path(given, f"valid-{number}").write_bytes(content)
        print(f"===== {target}: {seconds} s", flush=True)
        limits = (f"-max_total_time={seconds}", f"-artifact_prefix={findings}/", *LIMITS)
        code = run(target, *limits, "-verbosity=0", str(grown), given)
    failure = f"failed, see above; a found input is in {findings.relative_to(ROOT)}"
    print(f"{target}: {failure if code else 'nothing was found'}", flush=True)
    return code == 0


def main() -> int:
    """Fuzz the targets that the command line names, or show one input again."""
    inputs = seeds()
    parser = argparse.ArgumentParser(prog="npm run fuzz -- python")
    parser.add_argument("--seconds", type=int, default=30, help="for each target (default: 30)")
    parser.add_argument("--target", choices=inputs, action="append", help="default: all")
    parser.add_argument("--input", help="a finding of the one --target, to be shown again")
    options = parser.parse_args()
    targets = options.target or list(inputs)
    if options.input:
        if len(targets) != 1:
            parser.error("--input needs one --target")
        return run(targets[0], options.input)
    passed = [fuzz(target, inputs[target], options.seconds) for target in targets]
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
