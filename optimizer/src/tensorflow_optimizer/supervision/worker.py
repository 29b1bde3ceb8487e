"""Judges one job: `python -m tensorflow_optimizer.supervision.worker`. It holds the data, and opens no model."""

from __future__ import annotations

import logging
import signal
import sys

from ..documents.job import Job
from ..processes import environment, progress_events
from ..processes.process_group import end_with_parent
from .arguments import read_arguments


def main(arguments: list[str]) -> int:
    """Run the job and return its exit code."""
    end_with_parent()
    environment.prepare()
    progress_events.connect()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    from ..pipeline import Paths, run
    from .output import write_outcome

    given = read_arguments(arguments)
    job = Job.model_validate_json(given.config.read_text(encoding="utf-8"))
    paths = Paths(
        given.source,
        given.evaluation,
        given.output,
        given.work,
        tuple(given.student),
        server=given.server,
        serving=given.serving,
    )
    outcome, _ = run(job, paths)
    write_outcome(given.output, outcome)
    return int(outcome.exit_code)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        # On Ctrl-C, exit without a traceback.
        sys.exit(128 + signal.SIGINT)
