"""Operations that act on more than their model are refused wherever they are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
import sample_old_models
import tensorflow as tf
from sample_functions import Function, function, save
from sample_side_effects import EVIL, X, raw, read, refuse, refused, refused_graphs, version_1
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_optimizer.documents.job import Identity, Packaging, Source
from tensorflow_optimizer.errors import BadInputError, UnsupportedError
from tensorflow_optimizer.signatures.side_effects import refuse_side_effects
from tensorflow_optimizer.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sample_models import SampleModels
    from tensorflow_optimizer.sandbox import Sandbox


def writing(x: Any) -> Any:
    raw.WriteFile(filename=EVIL, contents="x")
    return x + 1.0


@tf.function
def nested_writing(x: Any) -> Any:
    return writing(x)


def in_a_nested_function(x: Any) -> dict[str, Any]:
    return {"y": nested_writing(x)}


def in_a_loop(x: Any) -> dict[str, Any]:
    (y,) = tf.while_loop(lambda value: tf.reduce_sum(value) < 9.0, lambda value: [writing(value)], [x])
    return {"y": y}


def in_a_branch(x: Any) -> dict[str, Any]:
    return {"y": tf.cond(tf.reduce_sum(x) > 1e9, lambda: writing(x), lambda: x)}


def in_a_dataset(x: Any) -> dict[str, Any]:
    items = tf.data.Dataset.range(3).map(lambda number: tf.cast(number, tf.float32))
    return {"y": x + items.map(writing).reduce(0.0, lambda total, item: total + item)}


def in_a_gradient(x: Any) -> dict[str, Any]:
    @tf.custom_gradient
    def identity(value: Any) -> Any:
        return tf.identity(value), writing

    return {"y": tf.gradients(identity(x), x)[0]}


@pytest.mark.parametrize(
    "body", [in_a_nested_function, in_a_loop, in_a_branch, in_a_dataset, in_a_gradient], ids=lambda body: body.__name__
)
def test_refuses_an_operation_however_deep_a_signature_reaches_it(body: Callable[..., Any], tmp_path: Path) -> None:
    refused(
        function(tmp_path / "model", body, X),
        "WriteFile could write any file",
        "of the signature 'serving_default'",
        "allow the ones that it needs",
    )


def test_allows_what_is_named_and_nothing_else(tmp_path: Path) -> None:
    def body(x: Any) -> dict[str, Any]:
        return {"y": x + tf.cast(tf.strings.length(tf.io.read_file("words.txt")), tf.float32)}

    directory = function(tmp_path / "model", body, X)
    refused(directory, "ReadFile could read any file")
    refuse(directory, "ReadFile")
    refused(function(tmp_path / "writes", in_a_loop, X), "WriteFile")
    with pytest.raises(UnsupportedError, match=r"'MatMul', 'ReadFiel' cannot be allowed: it is no operation"):
        refuse(directory, "ReadFiel", "MatMul")


def test_names_all_operations_at_once_with_their_places(tmp_path: Path) -> None:
    module = Function()
    module.read = tf.function(
        lambda x: {"y": x, "z": raw.ReadFile(filename="a"), "files": raw.MatchingFiles(pattern="/*")},
        input_signature=[X],
    )
    module.write = tf.function(in_a_nested_function, input_signature=[X])
    directory = save(tmp_path / "model", module, read=module.read, write=module.write)
    text = refused(directory, "MatchingFiles could list any directory", "ReadFile could", "WriteFile could")
    assert "of the signature 'read'" in text
    assert "of the signature 'write'" in text


def test_refuses_what_no_signature_reaches(tmp_path: Path) -> None:
    module = Function()
    module.body = tf.function(lambda x: {"y": x}, input_signature=[X])
    module.other = nested_writing
    nested_writing.get_concrete_function(X)
    directory = save(tmp_path / "model", module, serving_default=module.body)
    text = refused(directory, "WriteFile could write any file", "nested_writing")
    assert "signature" not in text


def test_refuses_the_initializer_of_an_object(tmp_path: Path) -> None:
    class Resource(tf.saved_model.experimental.TrackableResource):  # type: ignore[misc]
        def _create_resource(self) -> Any:
            return raw.MutableHashTableV2(key_dtype=tf.int64, value_dtype=tf.int64, shared_name="t")

        def _initialize(self) -> Any:
            raw.WriteFile(filename=EVIL, contents="x")
            return tf.constant(1)

    module = Function()
    module.resource = Resource()
    module.body = tf.function(
        lambda x: {"y": x, "n": raw.LookupTableSizeV2(table_handle=module.resource.resource_handle)},
        input_signature=[X],
    )
    refused(save(tmp_path / "model", module, serving_default=module.body), "WriteFile", "of the initializer")


def test_refuses_the_main_op(tmp_path: Path) -> None:
    directory = version_1(tmp_path / "model", lambda: {"main_op": tf.group(raw.WriteFile(filename=EVIL, contents="x"))})
    refused(directory, "WriteFile could write any file (the initializer)")


def test_refuses_the_initializer_signature(tmp_path: Path) -> None:
    meta_graph = read(version_1(tmp_path / "model", dict)).meta_graphs[0]
    name = meta_graph.graph_def.node.add(name="name", op="Const")
    name.attr["value"].tensor.string_val.append(EVIL.encode())
    meta_graph.graph_def.node.add(name="evil", op="WriteFile", input=["name", "name"])
    meta_graph.graph_def.node.add(name="init", op="NoOp", input=["^evil"])
    meta_graph.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name = "init"
    refused_graphs([meta_graph], "WriteFile could write any file (the initializer)")


def test_refuses_a_node_that_nothing_reaches(tmp_path: Path) -> None:
    meta_graph = read(version_1(tmp_path / "model", dict)).meta_graphs[0]
    meta_graph.graph_def.node.add(name="evil\n", op="Abort")
    assert "\n" not in refused_graphs([meta_graph], r"Abort could end the process (the node 'evil\n', which nothing")


def test_refuses_another_meta_graph_of_the_file(tmp_path: Path) -> None:
    saved_model = read(version_1(tmp_path / "good", dict))
    evil = read(function(tmp_path / "evil", in_a_loop, X)).meta_graphs[0]
    evil.meta_info_def.tags[:] = ["train"]
    saved_model.meta_graphs.append(evil)
    refused_graphs(saved_model.meta_graphs, "WriteFile")


def printing(stream: Any) -> Callable[..., Any]:
    def body(x: Any) -> dict[str, Any]:
        tf.print(x, output_stream=stream)
        return {"y": x}

    return body


def test_refuses_to_print_to_a_file_but_not_to_the_log(tmp_path: Path) -> None:
    refused(function(tmp_path / "file", printing(f"file://{EVIL}"), X), "PrintV2 could write any file")
    refuse(function(tmp_path / "log", printing(sys.stderr), X))


def test_refuses_an_attribute_that_each_caller_gives() -> None:
    saved_model = saved_model_pb2.SavedModel()
    body = saved_model.meta_graphs.add().graph_def.library.function.add()
    body.signature.name = "prints"
    node = body.node_def.add(name="print", op="PrintV2")
    node.attr["output_stream"].placeholder = "stream"
    refused_graphs(saved_model.meta_graphs, "PrintV2 could write any file (the function 'prints')")


@pytest.mark.parametrize(
    ("operation", "attributes"),
    [
        ("DebugIdentity", {"debug_urls": ["file:///tmp/x"]}),
        ("DebugIdentityV2", {"debug_urls": ["grpc://10.0.0.1:80"]}),
        ("DecodeProtoV2", {"descriptor_source": "/etc/passwd"}),
        ("FixedUnigramCandidateSampler", {"vocab_file": "/etc/passwd"}),
    ],
)
def test_refuses_by_an_attribute_that_names_a_file_or_an_address(operation: str, attributes: Any) -> None:
    saved_model = saved_model_pb2.SavedModel()
    node = saved_model.meta_graphs.add().graph_def.node.add(name="node", op=operation)
    refuse_side_effects(saved_model.meta_graphs, ())
    for name, value in attributes.items():
        if isinstance(value, str):
            node.attr[name].s = value.encode()
        else:
            node.attr[name].list.s.extend(entry.encode() for entry in value)
    refused_graphs(saved_model.meta_graphs, operation)


@pytest.mark.parametrize("name", sample_old_models.NAMES)
def test_models_of_old_versions_pass(name: str, tmp_path: Path) -> None:
    refuse(sample_old_models.unpack(name, tmp_path).directory)


@pytest.mark.parametrize(
    "name", ["dense", "two_signatures", "recurrent", "estimator", "version_1", "regression", "integers"]
)
def test_ordinary_models_pass(name: str, models: SampleModels) -> None:
    refuse(getattr(models, name))


def test_an_export_of_keras_with_a_vocabulary_passes(tmp_path: Path) -> None:
    import keras

    text = keras.Input((), dtype="string")
    vectors = keras.layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=4)(text)
    model = keras.Model(text, keras.layers.Embedding(4, 2)(vectors))
    model.export(tmp_path / "model", verbose=False)
    refuse(tmp_path / "model")


def test_the_source_is_refused_before_anything_loads_it(sandbox: Sandbox, tmp_path: Path) -> None:
    directory = function(tmp_path / "model", in_a_loop, X)
    (directory / "variables" / "variables.index").write_bytes(b"damaged")
    source = Source(packaging=Packaging.ZIP, identity=Identity())
    with pytest.raises(UnsupportedError, match="WriteFile could write any file"):
        open_source(sandbox, directory, source, tmp_path)
    with pytest.raises(BadInputError, match="cut short or corrupt"):
        open_source(sandbox, directory, source.model_copy(update={"allowed_operations": ["WriteFile"]}), tmp_path)
