"""The variables that Lambda sets for a function."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from ministack.core import lambda_runtime

from embedded_aws.awslambda.custom_runtime import RUNTIME

if TYPE_CHECKING:
    from embedded_aws.settings import Settings

# A function may not set these itself; AWS refuses it, and they win here.
_PATH = "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin"
_LIBRARY_PATH = "/var/lang/lib:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"


def function_environment(config: dict[str, Any], settings: Settings, initialization: str) -> dict[str, str]:
    """The whole environment of a function: nothing of this machine leaks in.

    Args:
        config: the function's configuration, as the Lambda API shows it.
        settings: the running embedded AWS.
        initialization: `on-demand` or `provisioned-concurrency`.

    Returns:
        The function's own variables and the ones that Lambda sets.
    """
    region = config["FunctionArn"].split(":")[3]
    name, version, runtime = config["FunctionName"], config["Version"], config["Runtime"]
    own = {key: str(value) for key, value in (config.get("Environment", {}).get("Variables") or {}).items()}
    defaults = {
        "PATH": _PATH,
        "LD_LIBRARY_PATH": _LIBRARY_PATH,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": "/var/runtime",
        "NODE_PATH": "/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task",
        # The address of everything; on AWS the SDK knows it, and a function that sets its own wins.
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if runtime == RUNTIME:
        del defaults["PYTHONPATH"], defaults["NODE_PATH"]
    reserved = {
        "_HANDLER": config["Handler"],
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **lambda_runtime.execution_credentials(config),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
        "AWS_LAMBDA_INITIALIZATION_TYPE": initialization,
        "AWS_LAMBDA_LOG_GROUP_NAME": (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{version}]{uuid.uuid4().hex}",
        "EMBEDDED_AWS_RUNTIME": runtime,
    }
    if runtime == RUNTIME:
        del reserved["AWS_EXECUTION_ENV"]  # Lambda sets it for managed runtimes only
    return {**defaults, **own, **reserved}
