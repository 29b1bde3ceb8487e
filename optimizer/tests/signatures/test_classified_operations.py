"""Every operation of the installed TensorFlow that could act on more than its model has been looked at."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session
from tensorflow_optimizer.signatures import side_effects

STRING = tf.string.as_datatype_enum
TABLE: dict[str, Any] = json.loads(side_effects._FILE.read_text(encoding="utf-8"))
HARMLESS = [name for entry in TABLE["harmless"] for name in entry["operations"]]
MEMBERS = {name for entry in TABLE["harmlessMembers"] for name in entry["members"]}


def registered() -> dict[str, Any]:
    buffer = pywrap_tf_session.TF_GetAllOpList()
    operations = op_def_pb2.OpList.FromString(pywrap_tf_session.TF_GetBuffer(buffer)).op
    return {operation.name: operation for operation in operations}


def texts(operation: Any) -> set[str]:
    """Return the names of the inputs and attributes of an operation that are texts."""
    inputs = {entry.name for entry in operation.input_arg if entry.type == STRING}
    return inputs | {entry.name for entry in operation.attr if entry.type in ("string", "list(string)")}


def is_to_be_classified(operation: Any) -> bool:
    return bool(operation.is_stateful or texts(operation) - MEMBERS)


def unclassified(operations: dict[str, Any]) -> list[str]:
    known = {*side_effects.effects(), *HARMLESS}
    return sorted(name for name, entry in operations.items() if is_to_be_classified(entry) and name not in known)


def test_every_stateful_operation_and_each_that_takes_a_text_is_classified() -> None:
    assert unclassified(registered()) == [], (
        "read what each of these does: with a path, an address, a process or a program, it belongs to `effects` of "
        "signatures/side_effects.json; otherwise to `harmless`, with the reason"
    )


def test_an_operation_of_a_new_version_is_noticed() -> None:
    new = op_def_pb2.OpDef(name="ReadFileV2")
    new.input_arg.add(name="file_path", type=STRING)
    address = op_def_pb2.OpDef(name="SendTo")
    address.attr.add(name="address", type="string")
    stateful = op_def_pb2.OpDef(name="NewQueue", is_stateful=True)
    added = {entry.name: entry for entry in (new, address, stateful)}
    assert unclassified({**registered(), **added}) == ["NewQueue", "ReadFileV2", "SendTo"]


def test_no_name_of_a_path_or_an_address_is_taken_for_harmless() -> None:
    telling = re.compile(r"file|path|dir(?!ection)|prefix|address|url|uri|descriptor|command|pattern$|source")
    assert {name for name in MEMBERS if telling.search(name)} == {"counter_prefix", "pattern"}
    patterns = {name for name, entry in registered().items() if "pattern" in texts(entry)}
    assert patterns - side_effects.effects().keys() == {
        "RegexFullMatch",
        "RegexReplace",
        "StaticRegexFullMatch",
        "StaticRegexReplace",
    }


def test_the_table_names_each_operation_once_and_none_that_tensorflow_lacks() -> None:
    names = Counter([*(name for entry in TABLE["effects"] for name in entry["operations"]), *HARMLESS])
    assert [name for name, count in names.items() if count > 1] == []
    assert names.keys() - registered().keys() == set()
    assert set.union(*map(texts, registered().values())) >= MEMBERS


def test_the_stateless_ones_are_those_that_tensorflow_calls_so() -> None:
    listed = {*side_effects.effects(), *HARMLESS}
    assert {name for name in listed if not registered()[name].is_stateful} == set(TABLE["stateless"])
    assert side_effects.is_stateful("RandomUniform")
    assert not side_effects.is_stateful("ShardedFilename")
    assert not side_effects.is_stateful("MatMul")


def test_the_default_of_an_attribute_that_decides_has_no_effect() -> None:
    operations = registered()
    for name, effect in side_effects.effects().items():
        for attribute in operations[name].attr:
            if attribute.name == effect.attribute:
                assert attribute.HasField("default_value"), name
                value = attribute.default_value
                assert all(re.fullmatch(effect.free, text.decode()) for text in (*value.list.s, value.s)), name


def test_no_builtin_operator_of_litert_names_a_file() -> None:
    """Custom and Flex operators are refused elsewhere."""
    from ai_edge_litert import schema_py_generated as schema

    texts_of = {
        (options, member)
        for options in vars(schema)
        if options.endswith("OptionsT")
        for member, value in vars(getattr(schema, options)()).items()
        if value is None and re.search(r"name|path|file|uri|container|target", member, re.IGNORECASE)
    }
    assert texts_of == {
        ("StableHLOCompositeOptionsT", "name"),
        ("StablehloCustomCallOptionsT", "callTargetName"),
        ("VarHandleOptionsT", "container"),
        ("VarHandleOptionsT", "sharedName"),
    }
