"""Warm-up requests, which TensorFlow Serving answers before the first client's: real inputs inside the SavedModel."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.messages import content, entries
from ..documents.outcome import EvidenceKind
from ..errors import BadInputError
from .records import records, tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ..processes.progress import Progress
    from ..reference.measure import Reference

EXTRA_ASSETS = "assets.extra"
#: The path that TensorFlow Serving reads. See https://www.tensorflow.org/tfx/serving/saved_model_warmup.
WARM_UP_FILE = f"{EXTRA_ASSETS}/tf_serving_warmup_requests"
_LIMIT_BYTES = 1 << 20

#: Fields of `PredictionLog`, `PredictLog`, `PredictRequest` and `ModelSpec` of tensorflow_serving/apis: the complete
#: package would bring a second TensorFlow. A test reads the file with the original messages.
_PREDICT_LOG, _REQUEST, _MODEL_SPEC, _INPUTS, _NAME, _SIGNATURE_NAME = 6, 1, 1, 2, 1, 3
#: Most files and bytes to copy of the original's extra assets, in which TensorFlow Serving reads only warm-up requests.
_MOST_EXTRA_FILES, _MOST_EXTRA_BYTES = 1_000, 256 << 20


def write_warm_up(model: str, directory: Path, reference: Reference, most: int, progress: Progress) -> int:
    """Write warm-up requests into the SavedModel at `directory`, and return their number.

    There are none without real inputs, or for a stateful model. Existing requests in the model are kept.

    Args:
        model: The model's name in requests.
        directory: Directory of the SavedModel.
        reference: The original, with the samples of the gate.
        most: Maximum number of requests; together they stay below a mebibyte.
        progress: Receives a warning if not even one fits.
    """
    file = directory / WARM_UP_FILE
    if reference.evidence is EvidenceKind.GENERATED or reference.batch == 1 or file.exists():
        return 0
    dataset = reference.datasets[reference.default]
    requests: list[bytes] = []
    size = 0
    for row in range(min(most, dataset.count)):
        record = _record(model, reference.default, dataset.call(row, row + 1))
        size += len(record)
        if size > _LIMIT_BYTES:
            break
        requests.append(record)
    if requests:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(records(requests))
    elif most:
        progress.warn(
            f"no warm-up requests are published: one sample has more than the {_LIMIT_BYTES:,} bytes that they may have"
        )
    return len(requests)


def keep_extra_assets(source: Path, destination: Path, *, all_signatures: bool, progress: Progress) -> None:
    """Copy the original's extra assets, which saving a model drops.

    Requests to a signature that is not published would prevent the server from loading the model.

    Raises:
        BadInputError: There are links or special files, or more than the optimizer publishes.
    """
    extra = source / EXTRA_ASSETS
    if not extra.is_dir() or (destination / EXTRA_ASSETS).exists():
        return
    if not all_signatures:
        progress.warn(f"the model's {EXTRA_ASSETS} is left out, since only one of its signatures is published")
        return
    for file in _plain_files(extra):
        target = destination / EXTRA_ASSETS / file.relative_to(extra)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target, follow_symlinks=False)


def _plain_files(extra: Path) -> list[Path]:
    if extra.is_symlink():
        raise BadInputError(f"the model's {EXTRA_ASSETS} is a link; give a directory with plain files")
    files: list[Path] = []
    size = 0
    for parent, folders, names in os.walk(extra):
        for path in (Path(parent) / name for name in sorted([*folders, *names])):
            status = path.lstat()
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                raise BadInputError(
                    f"the model's {EXTRA_ASSETS} holds {path.relative_to(extra).as_posix()!r}, which is a link or no "
                    "file; give plain files there"
                )
            if stat.S_ISREG(status.st_mode):
                files.append(path)
                size += status.st_size
        if len(files) > _MOST_EXTRA_FILES or size > _MOST_EXTRA_BYTES:
            raise BadInputError(
                f"the model's {EXTRA_ASSETS} holds {len(files):,} files with {size:,} bytes, and at most "
                f"{_MOST_EXTRA_FILES:,} with {_MOST_EXTRA_BYTES:,} are published; leave out what no server needs"
            )
    return files


def _record(model: str, signature: str, inputs: Mapping[str, NDArray[Any]]) -> bytes:
    spec = content(_NAME, model.encode()) + content(_SIGNATURE_NAME, signature.encode())
    tensors = entries(_INPUTS, {name: tensor(value) for name, value in inputs.items()})
    return content(_PREDICT_LOG, content(_REQUEST, content(_MODEL_SPEC, spec) + tensors))
