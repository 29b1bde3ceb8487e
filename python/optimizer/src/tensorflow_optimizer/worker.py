"""The process that does one job: `python -m tensorflow_optimizer.worker CONFIG SOURCE OUTPUT WORK [EVALUATION]`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from . import environment
from .config import Job


def main(arguments: list[str]) -> int:
    """Do the job and return its exit code."""
    environment.prepare()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for noisy in ("tensorflow", "absl", "h5py"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    from .pipeline import Paths, run
    from .supervise import write_outcome

    config, source, output, work, *evaluation = map(Path, arguments)
    job = Job.model_validate_json(config.read_text(encoding="utf-8"))
    outcome, _ = run(job, Paths(source, evaluation[0] if evaluation else None, output, work))
    write_outcome(output, outcome)
    return int(outcome.exit_code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
