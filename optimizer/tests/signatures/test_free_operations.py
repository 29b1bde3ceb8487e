"""A SavedModel's own saver and tables of its own assets are free, and nothing that looks like them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import tensorflow as tf
from sample_functions import Function, save, spec
from sample_side_effects import EVIL, X, raw, read, refuse, refused, refused_graphs, v1, version_1
from tensorflow_optimizer.signatures.side_effects import refuse_side_effects

if TYPE_CHECKING:
    from pathlib import Path

    from sample_models import SampleModels


def saver_of(directory: Path) -> Any:
    """Return a SavedModel of TensorFlow 2 whose saver is in functions."""
    module = Function()
    module.weights = tf.Variable([1.0, 2.0, 3.0])
    module.body = tf.function(lambda x: {"y": x * module.weights}, input_signature=[X])
    return read(save(directory, module, serving_default=module.body)).meta_graphs[0]


def of_function(meta_graph: Any, part: str) -> Any:
    (found,) = (entry for entry in meta_graph.graph_def.library.function if part in entry.signature.name)
    return found


def calls(meta_graph: Any, name: str) -> Any:
    (found,) = (node for node in meta_graph.graph_def.node if node.attr["f"].func.name == name)
    return found


def constant(nodes: Any, name: str, value: str) -> None:
    node = nodes.add(name=name, op="Const")
    node.attr["dtype"].type = tf.string.as_datatype_enum
    node.attr["value"].tensor.dtype = tf.string.as_datatype_enum
    node.attr["value"].tensor.string_val.append(value.encode())


def test_the_saver_itself_is_free(tmp_path: Path) -> None:
    refuse_side_effects([saver_of(tmp_path / "model")], ())


@pytest.mark.parametrize("operation", ["SaveV2", "RestoreV2"])
def test_refuses_a_saver_with_a_path_of_its_own(operation: str, tmp_path: Path) -> None:
    meta_graph = saver_of(tmp_path / "model")
    part = "traced_save" if operation == "SaveV2" else "traced_restore"
    body = of_function(meta_graph, part)
    constant(body.node_def, "evil", EVIL)
    (node,) = (entry for entry in body.node_def if entry.op == operation)
    node.input[0] = "evil:output:0"
    refused_graphs([meta_graph], f"{operation} could", "of the saver")


def test_refuses_a_saver_that_is_called_with_a_path(tmp_path: Path) -> None:
    meta_graph = saver_of(tmp_path / "model")
    constant(meta_graph.graph_def.node, "evil", EVIL)
    calls(meta_graph, of_function(meta_graph, "traced_save").signature.name).input[0] = "evil"
    refused_graphs([meta_graph], "SaveV2", "MergeV2Checkpoints")


def test_refuses_a_placeholder_whose_default_is_a_path(tmp_path: Path) -> None:
    meta_graph = saver_of(tmp_path / "model")
    constant(meta_graph.graph_def.node, "evil", EVIL)
    (given,) = (node for node in meta_graph.graph_def.node if node.name == "saver_filename")
    given.op = "PlaceholderWithDefault"
    given.input.append("evil")
    refused_graphs([meta_graph], "SaveV2", "RestoreV2")


def test_refuses_a_suffix_that_leaves_the_directory(tmp_path: Path) -> None:
    meta_graph = saver_of(tmp_path / "model")
    body = of_function(meta_graph, "traced_save")
    for node in body.node_def:
        if list(node.attr["value"].tensor.string_val) == [b"_temp/part"]:
            node.attr["value"].tensor.string_val[0] = b"/../../evil"
    refused_graphs([meta_graph], "SaveV2")


def test_refuses_a_saver_of_another_file_name(tmp_path: Path) -> None:
    """The loader gives the name to `filename_tensor_name` alone, and the other placeholder has its default."""
    meta_graph = saver_of(tmp_path / "model")
    meta_graph.saver_def.filename_tensor_name = "serving_default_x:0"
    refused_graphs([meta_graph], "RestoreV2")


def test_refuses_a_saver_that_a_signature_runs(tmp_path: Path) -> None:
    meta_graph = saver_of(tmp_path / "model")
    call = calls(meta_graph, of_function(meta_graph, "traced_save").signature.name)
    answer = meta_graph.signature_def["serving_default"].outputs["y"].name.split(":")[0]
    (node,) = (entry for entry in meta_graph.graph_def.node if entry.name == answer)
    node.input.append(f"^{call.name}")
    refused_graphs([meta_graph], "SaveV2", "of the saver, the signature 'serving_default'")


def test_refuses_a_saver_that_the_main_op_runs(tmp_path: Path) -> None:
    meta_graph = saver_of(tmp_path / "model")
    call = calls(meta_graph, of_function(meta_graph, "traced_restore").signature.name)
    meta_graph.collection_def["saved_model_main_op"].node_list.value.append(call.name)
    refused_graphs([meta_graph], "RestoreV2")


def test_refuses_a_saver_that_a_loop_calls(tmp_path: Path) -> None:
    meta_graph = saver_of(tmp_path / "model")
    loop = meta_graph.graph_def.node.add(name="loop", op="While")
    loop.attr["body"].func.name = of_function(meta_graph, "traced_save").signature.name
    refused_graphs([meta_graph], "SaveV2")


def test_refuses_a_saver_that_an_object_offers(tmp_path: Path) -> None:
    meta_graph = saver_of(tmp_path / "model")
    name = of_function(meta_graph, "traced_save").signature.name
    meta_graph.object_graph_def.nodes.add().bare_concrete_function.concrete_function_name = name
    refused_graphs([meta_graph], "SaveV2")
    del meta_graph.object_graph_def.nodes[-1]
    meta_graph.object_graph_def.concrete_functions[name].bound_inputs.append(0)
    refused_graphs([meta_graph], "SaveV2")


def test_refuses_a_saver_that_stands_in_for_another_function(tmp_path: Path) -> None:
    meta_graph = saver_of(tmp_path / "model")
    of_function(meta_graph, "traced_save").attr["api_implements"].s = b"dense"
    refused_graphs([meta_graph], "SaveV2")


def test_refuses_two_functions_of_one_name(tmp_path: Path) -> None:
    """Refuse the graph, since TensorFlow chooses which of the two runs."""
    meta_graph = saver_of(tmp_path / "model")
    meta_graph.graph_def.library.function.append(of_function(meta_graph, "traced_save"))
    refused_graphs([meta_graph], "SaveV2")


def test_savers_of_the_training_program_are_free_where_nothing_runs_them(tmp_path: Path) -> None:
    def build() -> dict[str, Any]:
        v1.train.Saver(sharded=True)
        return {"saver": v1.train.Saver()}

    refuse(version_1(tmp_path / "model", build))


def test_refuses_a_graph_of_version_1_that_restores_from_a_path(tmp_path: Path) -> None:
    def build() -> dict[str, Any]:
        (found,) = raw.RestoreV2(prefix=EVIL, tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float32])
        return {"answer": found}

    refused(version_1(tmp_path / "model", build), "RestoreV2 could read any checkpoint (the signature")


def words(tmp_path: Path) -> Path:
    file = tmp_path / "words.txt"
    file.write_text("a\nb\n")
    return file


def initializer(file: Any) -> Any:
    line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    return tf.lookup.TextFileInitializer(file, tf.string, line, tf.int64, number)


def with_table(tmp_path: Path) -> Any:
    module = Function()
    module.table = tf.lookup.StaticHashTable(initializer(str(words(tmp_path))), -1)
    module.body = tf.function(
        lambda text: {"y": module.table.lookup(text)}, input_signature=[spec([None], "text", tf.string)]
    )
    return read(save(tmp_path / "model", module, serving_default=module.body)).meta_graphs[0]


def test_a_table_of_an_asset_is_free(tmp_path: Path) -> None:
    refuse_side_effects([with_table(tmp_path)], ())


def test_refuses_a_table_of_a_file_that_is_no_asset(tmp_path: Path) -> None:
    meta_graph = with_table(tmp_path)
    constant(meta_graph.graph_def.node, "evil", EVIL)
    calls(meta_graph, of_function(meta_graph, "_initializer").signature.name).input[0] = "evil"
    refused_graphs([meta_graph], "InitializeTableFromTextFileV2 could fill a table with any file", "of the initializer")


@pytest.mark.parametrize("name", ["/etc/passwd", "../../secret", "words/../../secret", ""])
def test_refuses_an_asset_outside_the_model(name: str, tmp_path: Path) -> None:
    meta_graph = with_table(tmp_path)
    meta_graph.asset_file_def[0].filename = name
    refused_graphs([meta_graph], "InitializeTableFromTextFileV2")


def test_refuses_a_table_that_an_object_fills_from_a_constant(tmp_path: Path) -> None:
    """The loader of Python gives what `bound_inputs` names, whatever the graph says."""
    meta_graph = with_table(tmp_path)
    name = of_function(meta_graph, "_initializer").signature.name
    bound = meta_graph.object_graph_def.concrete_functions[name].bound_inputs
    saved = meta_graph.object_graph_def.nodes[bound[0]]
    saved.constant.operation = "evil"
    refused_graphs([meta_graph], "InitializeTableFromTextFileV2")


def test_refuses_an_asset_path_that_is_overwritten(tmp_path: Path) -> None:
    meta_graph = with_table(tmp_path)
    constant(meta_graph.graph_def.node, "evil", EVIL)
    meta_graph.graph_def.node.add(name="again", op="AssignVariableOp", input=["Variable", "evil"])
    refused_graphs([meta_graph], "InitializeTableFromTextFileV2")


def test_refuses_a_second_handle_of_an_asset_path(tmp_path: Path) -> None:
    meta_graph = with_table(tmp_path)
    (variable,) = (node for node in meta_graph.graph_def.node if node.name == "Variable")
    handle = meta_graph.graph_def.node.add()
    handle.CopyFrom(variable)
    handle.name = "second"
    refused_graphs([meta_graph], "InitializeTableFromTextFileV2")


def test_refuses_a_table_of_version_1_that_a_signature_fills(models: SampleModels) -> None:
    """The asset's path is a constant there, and takes the place of the file when no loader gives one."""
    meta_graph = read(models.estimator).meta_graphs[0]
    refuse_side_effects([meta_graph], ())
    (filled,) = (node for node in meta_graph.graph_def.node if node.op == "InitializeTableFromTextFileV2")
    (answer,) = (node for node in meta_graph.graph_def.node if node.name == "scores")
    answer.input.append(f"^{filled.name}")
    refused_graphs([meta_graph], "InitializeTableFromTextFileV2 could")
