from __future__ import annotations

import keras
import pytest
import tensorflow as tf
from tensorflow_optimizer.errors import reason_of


def failure(function: object, shape: list[int]) -> BaseException:
    traced = tf.function(function, input_signature=[tf.TensorSpec(shape, tf.float32)])
    with pytest.raises(ValueError, match=r"^in user code:") as caught:
        traced.get_concrete_function()
    return caught.value


def test_the_reason_of_an_error_in_a_traced_function_comes_after_its_traceback() -> None:
    weights = tf.ones([4, 3])

    reason = reason_of(failure(lambda x: x @ weights, [1, 5]))

    assert reason.startswith("Dimensions must be equal, but are 5 and 4 for ")


def test_the_reason_of_an_error_in_a_layer_comes_after_the_layers_name() -> None:
    model = keras.Sequential([keras.Input((None, 4)), keras.layers.GRU(3)])

    reason = reason_of(failure(model, [1, 7, 5]))

    assert reason.startswith("Dimensions must be equal, but are 5 and 4 for ")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("\n  no such file\nmore", "no such file"),
        ("in user code:\n\n    something new", "something new"),
        ("in user code:", "in user code:"),
        ("Graph execution error:\n\nno such node\n\t [[{{node x}}]]", "no such node"),
        (
            'Graph execution error:\n\nDetected at node x defined at:\n  File "serve.py", line 1\n\nno such node',
            "no such node",
        ),
        (
            "Graph execution error:\n\nDetected at node 'w/read' defined at:\nNode: 'w/read'\nno such node",
            "no such node",
        ),
        ("Exception encountered when calling GRU.call().", "Exception encountered when calling GRU.call()."),
        ("A total of 2 objects could not be loaded. Example error message:\n\nno such word", "no such word"),
        ("x" * 400, "x" * 300),
        (" \n", "ValueError"),
    ],
)
def test_other_messages_begin_with_their_reason(message: str, reason: str) -> None:
    assert reason_of(ValueError(message)) == reason


def test_the_reason_of_an_error_while_a_graph_runs_comes_after_the_place_of_its_node() -> None:
    weights = tf.ones([4, 3])
    traced = tf.function(lambda x: x @ weights, input_signature=[tf.TensorSpec([None, None], tf.float32)])

    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        traced(tf.ones([1, 5]))

    assert reason_of(caught.value).startswith("Matrix size-incompatible: In[0]: [1,5], In[1]: [4,3]")
