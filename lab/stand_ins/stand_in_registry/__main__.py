"""`python -m stand_in_registry --program FILE`: serves one image until it is ended, and prints its name."""

import argparse
import sys
from pathlib import Path

from stand_in_registry import Registry, one_image

parser = argparse.ArgumentParser(prog="stand_in_registry", description="A registry with one image, for tests.")
parser.add_argument("--program", type=Path, required=True, help="what the image has as tensorflow_model_server")
parser.add_argument("--repository", default="serving")
parser.add_argument("--tag", default="2.20.0")
parser.add_argument("--port", type=int, default=0)
parser.add_argument(
    "--pulls", type=int, help="how many manifests it gives before it answers 429; any number when absent"
)
arguments = parser.parse_args()
content = one_image(arguments.program.read_bytes(), arguments.repository, arguments.tag)
registry = Registry(content, port=arguments.port, pulls=arguments.pulls)
print(f"{registry.host}/{arguments.repository}:{arguments.tag}", flush=True)
try:
    registry.serve()
except KeyboardInterrupt:
    sys.exit(0)
