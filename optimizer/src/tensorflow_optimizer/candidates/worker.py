"""Builds one candidate in its own process: `python -m tensorflow_optimizer.candidates.worker BUILDER PLAN RESULT`.

All three are pickled files.
"""

from __future__ import annotations

import logging
import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OptimizerError
from ..processes import environment, progress_events

if TYPE_CHECKING:
    from ..processes.progress import Progress


def main(arguments: list[str]) -> int:
    """Build the candidate, or write the error into the result."""
    environment.prepare()
    progress_events.connect()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for noisy in ("tensorflow", "absl", "h5py"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    from ..processes.progress import Progress

    builder_file, plan_file, result_file = map(Path, arguments)
    progress = Progress()
    made = _made(pickle.loads(builder_file.read_bytes()), pickle.loads(plan_file.read_bytes()), progress)  # noqa: S301 - our own files
    unfinished = result_file.with_suffix(".part")
    unfinished.write_bytes(pickle.dumps((made, progress.warned)))
    os.replace(unfinished, result_file)  # noqa: PTH105 - as in supervise.py
    return 0


def _made(builder: Any, plan: Any, progress: Progress) -> Any:
    from ..processes.exhaustion import unexpected

    try:
        return builder.build(plan, progress)
    except OptimizerError as error:
        return error
    except Exception as error:
        logging.getLogger("tensorflow_optimizer").exception("the candidate failed")
        return unexpected(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
