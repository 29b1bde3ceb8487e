"""Fuzzes one parser of untrusted files with Atheris: `npm run fuzz -- python`, which gives the arguments.

    fuzz.py TARGET [libFuzzer's options] [CORPUS…] VALID

An input is accepted, or refused by the exception that ends a build or a function with a sentence. Any other exception
is a finding. So is a valid input, of the last directory, that is refused.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

with atheris.instrument_imports(include=["model_server", "tensorflow_optimizer", "zipfile"]):
    from model_server import description
    from model_server.errors import ModelError
    from tensorflow_optimizer.data.read import read_dataset
    from tensorflow_optimizer.errors import OptimizerError
    from tensorflow_optimizer.fetching.unpacking import unpack
    from tensorflow_optimizer.signatures.spec import SignatureSpec, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNATURE = SignatureSpec(
    name="serving_default",
    method_name="tensorflow/serving/predict",
    inputs={"x": TensorSpec("float32", (None, 2), "x:0"), "text": TensorSpec("string", (None,), "text:0")},
    outputs={"y": TensorSpec("float32", (None, 3), "y:0")},
)


def read_archive(file: Path) -> None:
    """Unpack it beside itself."""
    target = file.with_name("unpacked")
    target.mkdir()
    try:
        unpack(file, target, "the archive")
    finally:
        shutil.rmtree(target)


def read_data(file: Path) -> None:
    """Read it as evaluation data."""
    read_dataset(file, SIGNATURE, None, batched=True, labels=None)


#: Readers of files by the target's name, each with the name of the file.
TARGETS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "archive": ("model.zip", read_archive),
    "arrays": ("data.npz", read_data),
    "description": (description.FILE_NAME, lambda file: description.read(str(file.parent))),
    "lines": ("data.jsonl", read_data),
}


def main(arguments: list[str]) -> None:
    """Fuzz until libFuzzer ends the process."""
    name, read = TARGETS[arguments[1]]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, name)
        valid = Path(arguments[-1])
        for one_valid in sorted(valid.iterdir()) if valid.is_dir() else ():
            file.write_bytes(one_valid.read_bytes())
            read(file)

        def one(content: bytes) -> None:
            file.write_bytes(content)
            try:
                read(file)
            except (ModelError, OptimizerError):
                return

        atheris.Setup([arguments[0], *arguments[2:]], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
