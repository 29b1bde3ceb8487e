"""Runs one job, from the user's files to a publishable model or an error.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> from tensorflow_optimizer.documents.job import Job
>>> from tensorflow_optimizer.pipeline import Paths, run
>>> source = {"packaging": "prefix", "identity": {}}
>>> tools = {"behaviorVersion": 1, "tensorflow": "2", "litert": "2"}
>>> facts = {"model": "digits", "format": "litert", "source": source, "recipe": {"kind": "none"}, "toolchain": tools}
>>> run(Job.model_validate(facts), Paths(Path("no-model"), None, Path(mkdtemp())))[0].sentence
'the job was written for tensorflow 2 (here: ...), litert 2 (here: ...), behavior 1 (here: ...); install ...'
"""

from __future__ import annotations

from .run import Paths, run

__all__ = ["Paths", "run"]
