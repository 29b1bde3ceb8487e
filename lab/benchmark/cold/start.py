"""One cold start without a runtime client: import a module, answer one event, print, wait to be measured.

Run as `python -I start.py SEARCH_PATH MODULE EVENT_FILE`, compiled, so that this file is not part of the time.
"""

import marshal
import sys

path, module, event_file = sys.argv[1:]
sys.path[:0] = path.split(":")
with open(event_file, "rb") as file:  # noqa: PTH123 - pathlib would be part of what is measured
    # A direct invocation's event is already parsed. marshal is built in, so it costs no import.
    event = marshal.load(file)  # noqa: S302 - written by this benchmark
answer = __import__(module).handler(event, None)
sys.stdout.write(f"READY {answer}\n")
sys.stdout.flush()
sys.stdin.read()
