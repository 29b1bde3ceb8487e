"""Calls the handler that docs/porting.md ports, as its function did: old_handler.py MODEL.

Reads `{"source": …, "events": […]}`, and prints the answers as the last line. MODEL is what /opt/ml/model was.
"""

from __future__ import annotations

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf


def main() -> None:
    """Answer the events."""
    given = json.load(sys.stdin)
    names = {"np": np, "tf": tf}
    exec(given["source"].replace("/opt/ml/model", sys.argv[1]), names)
    handler = names["handler"]
    print(f"\n{json.dumps([handler(event, None) for event in given['events']])}")


if __name__ == "__main__":
    main()
