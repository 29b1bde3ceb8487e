"""The server's configuration files: text protocol buffers, in the server's own messages where there are any."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "tensorflow.serving.stand_in"
_WRAPPERS = ".google.protobuf."


class ConfigurationError(ValueError):
    """A file is missing, or is not what it should be."""


@dataclass(frozen=True)
class ModelConfiguration:
    """One model to serve."""

    name: str
    base_path: Path
    versions: frozenset[int] | None
    """Exactly these; None: the latest one."""


def from_flags(flags: dict[str, Any]) -> list[ModelConfiguration]:
    """Read the models to serve.

    Raises:
        ConfigurationError: neither or a wrong configuration.
    """
    if flags["model_config_file"]:
        return read_models(Path(flags["model_config_file"]))
    if not flags["model_base_path"]:
        raise ConfigurationError("Both server_options.model_base_path and server_options.model_config_file are empty!")
    return [ModelConfiguration(flags["model_name"], Path(flags["model_base_path"]), None)]


def read_models(path: Path) -> list[ModelConfiguration]:
    """Read a ModelServerConfig."""
    from tensorflow_serving.config import model_server_config_pb2

    config = _parse(path, model_server_config_pb2.ModelServerConfig())
    models = []
    for model in config.model_config_list.config:
        policy = model.model_version_policy.WhichOneof("policy_choice")
        versions = frozenset(model.model_version_policy.specific.versions) if policy == "specific" else None
        if policy == "all":
            raise ConfigurationError("the stand-in server does not know the version policy 'all'")
        models.append(ModelConfiguration(model.name, Path(model.base_path), versions))
    return models


def prometheus_path(path: Path) -> str | None:
    """Return where metrics are to be had, from a MonitoringConfig."""
    config = _parse(path, _messages()["MonitoringConfig"]())
    settings = config.prometheus_config
    return (settings.path or "/monitoring/prometheus/metrics") if settings.enable else None


def check_batching(path: Path) -> None:
    """Read BatchingParameters. The stand-in batches nothing: this only refuses what the server would refuse."""
    _parse(path, _messages()["BatchingParameters"]())


def _parse(path: Path, message: Any) -> Any:
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), message)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    except text_format.ParseError as error:
        raise ConfigurationError(f"cannot parse {path}: {error}") from error


@cache
def _messages() -> dict[str, Any]:
    """The messages that the wheel lacks, made from their field numbers."""
    file = descriptor_pb2.FileDescriptorProto(
        name="stand_in_server.proto", package=_PACKAGE, syntax="proto3", dependency=[wrappers_pb2.DESCRIPTOR.name]
    )
    integer = (_FIELD.TYPE_MESSAGE, f"{_WRAPPERS}Int64Value")
    messages: dict[str, list[tuple[str, int, Any, str]]] = {
        "PrometheusConfig": [("enable", 1, _FIELD.TYPE_BOOL, ""), ("path", 2, _FIELD.TYPE_STRING, "")],
        "MonitoringConfig": [("prometheus_config", 1, _FIELD.TYPE_MESSAGE, f".{_PACKAGE}.PrometheusConfig")],
        "BatchingParameters": [
            ("max_batch_size", 1, *integer),
            ("batch_timeout_micros", 2, *integer),
            ("max_enqueued_batches", 3, *integer),
            ("num_batch_threads", 4, *integer),
            ("thread_pool_name", 5, _FIELD.TYPE_MESSAGE, f"{_WRAPPERS}StringValue"),
            ("allowed_batch_sizes", 6, _FIELD.TYPE_INT64, ""),
            ("pad_variable_length_inputs", 7, _FIELD.TYPE_BOOL, ""),
            ("enable_large_batch_splitting", 8, _FIELD.TYPE_MESSAGE, f"{_WRAPPERS}BoolValue"),
            ("max_execution_batch_size", 9, *integer),
        ],
    }
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind, type_name in fields:
            repeated = field_name == "allowed_batch_sizes"
            added = message.field.add(name=field_name, number=number, type=kind)
            added.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            if type_name:
                added.type_name = type_name
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in messages
    }
