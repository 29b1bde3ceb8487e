"""The flags of tensorflow_model_server 2.20, read as its main.cc reads them."""

from __future__ import annotations

from typing import Any

#: Type and default of every flag.
FLAGS: dict[str, tuple[str, Any]] = {
    "port": ("int32", 8500),
    "grpc_socket_path": ("string", ""),
    "rest_api_port": ("int32", 0),
    "rest_api_num_threads": ("int32", 0),
    "rest_api_timeout_in_ms": ("int32", 30000),
    "rest_api_enable_cors_support": ("bool", False),
    "grpc_max_threads": ("int32", 0),
    "grpc_channel_arguments": ("string", ""),
    "model_name": ("string", "default"),
    "model_base_path": ("string", ""),
    "model_config_file": ("string", ""),
    "model_config_file_poll_wait_seconds": ("int32", 0),
    "file_system_poll_wait_seconds": ("int32", 1),
    "max_num_load_retries": ("int32", 5),
    "load_retry_interval_micros": ("int64", 60_000_000),
    "num_load_threads": ("int32", 0),
    "num_unload_threads": ("int32", 0),
    "enable_batching": ("bool", False),
    "batching_parameters_file": ("string", ""),
    "enable_per_model_batching_parameters": ("bool", False),
    "allow_version_labels_for_unavailable_models": ("bool", False),
    "monitoring_config_file": ("string", ""),
    "ssl_config_file": ("string", ""),
    "use_alts_credentials": ("bool", False),
    "enable_grpc_healthcheck_service": ("bool", False),
    "enable_model_warmup": ("bool", True),
    "num_request_iterations_for_warmup": ("int32", 0),
    "tensorflow_session_parallelism": ("int64", 0),
    "tensorflow_intra_op_parallelism": ("int64", 0),
    "tensorflow_inter_op_parallelism": ("int64", 0),
    "tensorflow_session_config_file": ("string", ""),
    "platform_config_file": ("string", ""),
    "thread_pool_factory_config_file": ("string", ""),
    "saved_model_tags": ("string", "serve"),
    "flush_filesystem_caches": ("bool", True),
    "prefer_tflite_model": ("bool", False),
    "num_tflite_pools": ("int32", 0),
    "num_tflite_interpreters_per_pool": ("int32", 1),
    "enable_profiler": ("bool", True),
    "per_process_gpu_memory_fraction": ("float", 0.0),
    "mixed_precision": ("string", ""),
    "xla_cpu_compilation_enabled": ("bool", False),
    "xla_gpu_compilation_enabled": ("bool", False),
    "remove_unused_fields_from_bundle_metagraph": ("bool", True),
    "enable_signature_method_name_check": ("bool", False),
    "enable_serialization_as_tensor_content": ("bool", False),
    "skip_initialize_tpu": ("bool", False),
    "version": ("bool", False),
}


class FlagError(ValueError):
    """A known flag has a value that it cannot take: the server prints its usage and ends."""


def parse(arguments: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the value of every flag, and the unknown arguments.

    Only `--flag=value` counts, or `--flag` alone for a bool. Everything else is unknown, which ends no server.

    Raises:
        FlagError: a known flag has a value that it cannot take.
    """
    values = {name: default for name, (_, default) in FLAGS.items()}
    unknown = []
    for argument in arguments:
        name, equals, text = argument.removeprefix("--").partition("=")
        kind = FLAGS.get(name, ("", None))[0] if argument.startswith("--") else ""
        if not kind or (not equals and kind != "bool"):
            unknown.append(argument)
        else:
            values[name] = _value(name, kind, text if equals else "true")
    return values, unknown


def _value(name: str, kind: str, text: str) -> Any:
    if kind == "string":
        return text
    if kind == "bool":
        if text.lower() not in {"true", "false", "1", "0"}:
            raise FlagError(f"Couldn't interpret value {text} for flag {name}.")
        return text.lower() in {"true", "1"}
    try:
        return float(text) if kind == "float" else int(text)
    except ValueError as error:
        raise FlagError(f"Couldn't interpret value {text} for flag {name}.") from error
