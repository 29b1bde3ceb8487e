"""The process of an IsolatedRunner: `python -m tensorflow_optimizer.runners.session_process FILE_DESCRIPTOR`."""

from __future__ import annotations

import sys
import time
from multiprocessing.connection import Connection

from ..processes import environment
from .handler_probe import peak_mebibytes


def main(descriptor: int) -> None:
    """Load one model, and answer until the connection is closed."""
    environment.prepare()
    import tensorflow as tf

    from ..errors import OptimizerError
    from .runner import RunError
    from .saved_model_runner import SavedModelRunner

    tf.get_logger().setLevel("ERROR")
    with Connection(descriptor) as connection:
        directory, tags, signatures, reset_state = connection.recv()
        start = time.perf_counter()
        try:
            runner = SavedModelRunner(directory, tags, signatures, reset_state=reset_state)
        except OptimizerError as error:
            connection.send(error)
            return
        connection.send((time.perf_counter() - start) * 1000.0)
        while True:
            try:
                asked = connection.recv()
            except EOFError:
                return
            try:
                connection.send(peak_mebibytes() if asked is None else runner.run(*asked))
            except (RunError, OptimizerError) as error:
                connection.send(error)


if __name__ == "__main__":
    main(int(sys.argv[1]))
