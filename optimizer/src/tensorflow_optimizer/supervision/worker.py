"""Runs one job: `python -m tensorflow_optimizer.supervision.worker`, started by `supervise`."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from pathlib import Path

from ..documents.job import Job
from ..processes import environment, progress_events
from ..processes.process_group import end_with_parent


def main(arguments: list[str]) -> int:
    """Run the job and return its exit code."""
    end_with_parent()
    environment.prepare()
    progress_events.connect()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for noisy in ("tensorflow", "absl", "h5py"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    from ..pipeline import Paths, run
    from .output import write_outcome

    given = _read(arguments)
    job = Job.model_validate_json(given.config.read_text(encoding="utf-8"))
    outcome, _ = run(job, Paths(given.source, given.evaluation, given.output, given.work, tuple(given.student)))
    write_outcome(given.output, outcome)
    return int(outcome.exit_code)


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("config", "source", "output", "work"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--evaluation", type=Path)
    parser.add_argument("--student", type=Path, action="append", default=[])
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        # On Ctrl-C, exit without a traceback.
        sys.exit(128 + signal.SIGINT)
