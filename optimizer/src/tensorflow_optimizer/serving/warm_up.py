"""Warm-up requests, which TensorFlow Serving answers before the first client's: real inputs inside the SavedModel."""

from __future__ import annotations

import shutil
from functools import cache
from typing import TYPE_CHECKING, Any

from ..documents.outcome import EvidenceKind

if TYPE_CHECKING:
    from pathlib import Path

    from ..processes.progress import Progress
    from ..reference.measure import Reference

EXTRA_ASSETS = "assets.extra"
#: The path that TensorFlow Serving reads. See https://www.tensorflow.org/tfx/serving/saved_model_warmup.
WARM_UP_FILE = f"{EXTRA_ASSETS}/tf_serving_warmup_requests"
_LIMIT_BYTES = 1 << 20

#: The file's messages, cut from tensorflow_serving/apis (prediction_log, predict and model .proto): the complete
#: package would bring a second TensorFlow. A test reads the file with the original messages.
_MESSAGES = """
name: "tensorflow_optimizer/prediction_log.proto"
package: "tensorflow_optimizer.serving"
syntax: "proto3"
dependency: "tensorflow/core/framework/tensor.proto"
message_type {
  name: "ModelSpec"
  field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "signature_name" number: 3 type: TYPE_STRING label: LABEL_OPTIONAL }
}
message_type {
  name: "PredictRequest"
  field { name: "model_spec" number: 1 type: TYPE_MESSAGE type_name: "ModelSpec" label: LABEL_OPTIONAL }
  field { name: "inputs" number: 2 type: TYPE_MESSAGE type_name: "PredictRequest.InputsEntry" label: LABEL_REPEATED }
  nested_type {
    name: "InputsEntry"
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "value" number: 2 type: TYPE_MESSAGE type_name: ".tensorflow.TensorProto" label: LABEL_OPTIONAL }
    options { map_entry: true }
  }
}
message_type {
  name: "PredictLog"
  field { name: "request" number: 1 type: TYPE_MESSAGE type_name: "PredictRequest" label: LABEL_OPTIONAL }
}
message_type {
  name: "PredictionLog"
  field { name: "predict_log" number: 6 type: TYPE_MESSAGE type_name: "PredictLog" label: LABEL_OPTIONAL }
}
"""


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
    records: list[bytes] = []
    size = 0
    for row in range(min(most, dataset.count)):
        record = _record(model, reference.default, dataset.call(row, row + 1))
        size += len(record)
        if size > _LIMIT_BYTES:
            break
        records.append(record)
    if records:
        import tensorflow as tf

        file.parent.mkdir(exist_ok=True)
        with tf.io.TFRecordWriter(str(file)) as writer:
            for record in records:
                writer.write(record)
    elif most:
        progress.warn(
            f"no warm-up requests are published: one sample has more than the {_LIMIT_BYTES:,} bytes that they may have"
        )
    return len(records)


def keep_extra_assets(source: Path, destination: Path, *, all_signatures: bool, progress: Progress) -> None:
    """Copy the original's extra assets, which saving a model drops.

    Requests to a signature that is not published would prevent the server from loading the model.
    """
    extra = source / EXTRA_ASSETS
    if not extra.is_dir() or (destination / EXTRA_ASSETS).exists():
        return
    if all_signatures:
        shutil.copytree(extra, destination / EXTRA_ASSETS)
    else:
        progress.warn(f"the model's {EXTRA_ASSETS} is left out, since only one of its signatures is published")


def _record(model: str, signature: str, inputs: dict[str, Any]) -> bytes:
    import tensorflow as tf

    log = _prediction_log()()
    request = log.predict_log.request
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    content: bytes = log.SerializeToString(deterministic=True)
    return content


@cache
def _prediction_log() -> Any:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
    from tensorflow.core.framework import tensor_pb2  # noqa: F401 - registers what the messages depend on

    pool = descriptor_pool.Default()
    pool.Add(text_format.Parse(_MESSAGES, descriptor_pb2.FileDescriptorProto()))
    descriptor = pool.FindMessageTypeByName("tensorflow_optimizer.serving.PredictionLog")
    return message_factory.GetMessageClass(descriptor)
