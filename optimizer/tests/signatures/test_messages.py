"""TensorFlow's messages, which are read without TensorFlow."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow_optimizer.errors import UnsupportedError
from tensorflow_optimizer.signatures.messages import type_name

if TYPE_CHECKING:
    from sample_models import SampleModels

READ = """
import sys
from pathlib import Path
from tensorflow_optimizer.signatures.messages import message
content = Path(sys.argv[1], "saved_model.pb").read_bytes()
read = message("SavedModel").FromString(content)
assert not [name for name in sys.modules if name.partition(".")[0] == "tensorflow"]
"""
IMPORT = """
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
copied = saved_model_pb2.SavedModel()
copied.CopyFrom(read)
assert copied == saved_model_pb2.SavedModel.FromString(content)
assert message("SavedModel") is saved_model_pb2.SavedModel
print(sorted(tf.saved_model.load(sys.argv[1]).signatures))
"""


def test_types_have_the_names_that_tensorflow_gives_them() -> None:
    numbers = [number for number in types_pb2.DataType.values() if number]
    assert [type_name(number) for number in numbers] == [tf.dtypes.as_dtype(number).name for number in numbers]


@pytest.mark.parametrize("number", [0, 99, -1])
def test_a_type_that_does_not_exist_is_refused(number: int) -> None:
    with pytest.raises(UnsupportedError, match=f"the type {number}, which TensorFlow does not have"):
        type_name(number)


@pytest.mark.parametrize("program", [READ, READ + IMPORT], ids=["alone", "before TensorFlow is imported"])
def test_a_model_is_read_without_tensorflow(models: SampleModels, program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program, str(models.dense)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ("serving_default" in done.stdout) == (program != READ)
