"""The image that stands for `tensorflow/serving` on real nodes: the stand-in server, with its Python and packages."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.eks.pods import REPOSITORY, STAND_IN
from embedded_aws.eks.real_nodes.host_files import add_python, linux

if TYPE_CHECKING:
    from embedded_aws.eks.real_nodes.oci_image import Layer

REPOSITORY_NAME = "docker.io/tensorflow/serving"
_SOURCE = REPOSITORY / "lab" / "stand_ins"
#: Parts of the standard library that no server needs.
_NO_LIBRARY = "site-packages|test|idlelib|tkinter|turtledemo|ensurepip|config-[^/]*"
_COMPILED = "/opt/compiled"
# Runs in the stand-in's own Python, with the modules that the server imports.
_DESCRIBE = """
import importlib.metadata as metadata, json, re, sysconfig
import grpc, stand_in_server.server, tensorflow
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc
owners, found = metadata.packages_distributions(), {}
wanted = [owner for name in ("tensorflow", "tensorflow_serving", "grpc") for owner in owners[name]]
while wanted:
    name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
    if name in found: continue
    try: package = metadata.distribution(name)
    except metadata.PackageNotFoundError: continue
    found[name] = {path.parts[0] for path in package.files or [] if path.parts[0] not in ("..", "__pycache__")}
    wanted += [re.match(r"[A-Za-z0-9._-]+", one)[0] for one in package.requires or [] if "extra ==" not in one]
names = sorted(set().union(*found.values()))
print(json.dumps({"library": sysconfig.get_path("stdlib"), "packages": sysconfig.get_path("purelib"), "names": names}))
"""


def stand_in_layer(compiled: Path) -> Layer:
    """Return what the image has: what its init containers use, Python, TensorFlow, and the stand-in as the server.

    Args:
        compiled: gets the modules that Python compiles. A read-only root cannot keep them, and to compile TensorFlow's
            takes a server many seconds each time.

    Raises:
        OSError: the stand-in does not run on this machine, for example before the set-up.
    """
    python = Path(STAND_IN[0])
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(  # noqa: S603 - the repository's own Python
        [str(python), "-c", _DESCRIBE],
        env={**variables, "PYTHONPATH": str(_SOURCE), "PYTHONPYCACHEPREFIX": str(compiled)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise OSError(f"the stand-in for TensorFlow Serving does not run: {done.stderr[-1000:]}")
    described = json.loads(done.stdout.splitlines()[-1])
    packages, program = Path(described["packages"]), python.resolve()
    layer = linux()
    # Leave out TensorFlow's headers for C++, a quarter of a gigabyte.
    library = Path(described["library"])
    layer.exclude = re.compile(rf"^{re.escape(str(library)[1:])}/({_NO_LIBRARY})$|/tensorflow/include$")
    add_python(layer, program, library)
    # Keep the paths that files have here: those of the compiled modules follow from them.
    layer.files |= {str(path): path for path in (packages / name for name in described["names"])}
    layer.files |= {str(_SOURCE / STAND_IN[-1]): _SOURCE / STAND_IN[-1], _COMPILED: compiled}
    layer.files["/usr/bin/tensorflow_model_server"] = (
        "#!/bin/sh\n"
        f"export PYTHONPATH={_SOURCE}:{packages} PYTHONPYCACHEPREFIX={_COMPILED} TF_CPP_MIN_LOG_LEVEL=2\n"
        f'exec {program} {" ".join(STAND_IN[1:])} "$@"\n'
    ).encode()
    return layer
