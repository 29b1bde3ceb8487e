"""Sets the batch of 1 in what the loops of a graph carry from step to step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOPS = ("While", "StatelessWhile")
#: The first is what TensorFlow infers from, the second what it had inferred when the function was traced.
_RECORDED = ("output_shapes", "_output_shapes")


def fix_loop_shapes(graph_def: Any) -> bool:
    """Set the batch of 1 wherever a loop takes it and hands it on, and say whether anything changed.

    A loop records the shapes that were traced, `[-1, units]`. Neither TensorFlow nor the converter replaces the batch
    there, so that everything computed from it has no static shape. What a loop makes longer stays as it is.
    """
    changed = False
    # A loop may follow another, or be inside it: what is known of one tells more of the next.
    while any(_fix_function(function, graph_def) for function in graph_def.library.function):
        changed = True
    return changed


def _fix_function(function: Any, graph_def: Any) -> bool:
    loops = {node.name: node for node in function.node_def if node.op in _LOOPS and _open(node)}
    if not loops:
        return False
    bodies = {entry.signature.name: entry for entry in graph_def.library.function}
    inputs = [_with_batch(shape) for shape in _traced_inputs(function)]
    changed = False
    for operation in _graph_of(function, inputs, graph_def).get_operations():
        node = loops.get(operation.name)
        if node is None:
            continue
        carried = _carried(node, operation, bodies[node.attr["body"].func.name], graph_def)
        for name in _RECORDED:
            for index in carried:
                node.attr[name].list.shape[index].dim[0].size = 1
        changed = changed or bool(carried)
    return changed


def _open(node: Any) -> list[int]:
    """Return the indices of the values whose batch is unknown."""
    shapes = node.attr["output_shapes"].list.shape
    return [index for index, shape in enumerate(shapes) if shape.dim and shape.dim[0].size == -1]


def _carried(node: Any, operation: Any, body: Any, graph_def: Any) -> list[int]:
    """Return the indices of the values that come into a loop with a batch of 1, and out of each step too."""
    import tensorflow as tf

    carried = [index for index in _open(node) if _is_one(operation.inputs[index].shape)]
    while carried:
        shapes = [tf.TensorShape(shape) for shape in node.attr["output_shapes"].list.shape]
        inputs = [_with_batch(shape) if index in carried else shape for index, shape in enumerate(shapes)]
        outputs = _graph_of(body, inputs, graph_def).outputs
        kept = [index for index in carried if _is_one(outputs[index].shape)]
        if kept == carried:
            break
        carried = kept
    return carried


def _graph_of(function: Any, inputs: list[Any], graph_def: Any) -> Any:
    """Return a function's graph, with the shapes that follow from those of its inputs."""
    import tensorflow as tf
    from tensorflow.core.framework import graph_pb2
    from tensorflow.python.framework.function_def_to_graph import function_def_to_graph

    copy = type(function).FromString(function.SerializeToString())
    # The recorded shapes would win over those that follow.
    for entry in (*copy.node_def, *copy.arg_attr.values()):
        entry.attr.pop("_output_shapes", None)
    with tf.Graph().as_default():
        tf.import_graph_def(graph_pb2.GraphDef(library=graph_def.library, versions=graph_def.versions), name="")
        return function_def_to_graph(copy, input_shapes=inputs)


def _traced_inputs(function: Any) -> Iterator[Any]:
    import tensorflow as tf

    for index in range(len(function.signature.input_arg)):
        recorded = function.arg_attr[index].attr["_output_shapes"].list.shape if index in function.arg_attr else []
        yield tf.TensorShape(recorded[0]) if recorded else tf.TensorShape(None)


def _with_batch(shape: Any) -> Any:
    import tensorflow as tf

    if not shape.rank or shape[0] is not None:
        return shape
    return tf.TensorShape([1, *shape[1:]])


def _is_one(shape: Any) -> bool:
    return bool(shape.rank) and shape[0] == 1
