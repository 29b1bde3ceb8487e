from __future__ import annotations

import os
import subprocess
import time

from tensorflow_optimizer.processes.processor_clock import processor_seconds


def test_it_is_what_the_process_itself_sees() -> None:
    before = time.process_time()
    seen = processor_seconds(os.getpid())
    assert seen is not None
    assert before <= seen <= time.process_time()


def test_a_process_that_has_ended_has_none() -> None:
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    assert processor_seconds(ended.pid) is None
