"""A job in miniature, of four leaves: what it publishes passed through every way from a leaf to the judge.

It uses the sandbox as jobs do, with tasks that need neither TensorFlow nor LiteRT, so that hundreds of attacks take a
minute. `test_hostile_jobs.py` attacks whole jobs.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import hostile_leaf
import numpy as np
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.sandbox import Sandbox, Wanted
from world import SECRET, sentence_of

if TYPE_CHECKING:
    from pathlib import Path

    from hostile_leaf import Script
    from tensorflow_optimizer.sandbox import Answer, Leaf, Zygote
    from world import World

#: The leaves, and the honest task of each.
ROLES = {
    "describe": "hostile_leaf:describe_files",
    "build": "hostile_leaf:build_files",
    "answer": "hostile_leaf:answer_rows",
    "native": "hostile_leaf:answer_rows",
}
ROWS = np.arange(1.0, 9.0).reshape(4, 2)
#: A judge that waits longer would wait forever.
_SECONDS = 120


def published(world: World, zygote: Zygote, scripts: dict[str, Script]) -> dict[str, bytes] | str:
    """Run a job, and publish.

    Args:
        world: Its output is the job's.
        zygote: Starts the leaves.
        scripts: Of the leaves that are hostile, by their role.

    Returns:
        What is published, or the sentence of the refusal. Any other error is raised: nothing would be published, and
        nobody would know why.
    """
    try:
        with Sandbox(world.leaves, zygote=zygote) as sandbox:
            return _Job(world, sandbox, scripts).run()
    except OptimizerError as error:
        return sentence_of(error)


class _Job:
    def __init__(self, world: World, sandbox: Sandbox, scripts: dict[str, Script]) -> None:
        self._world, self._sandbox, self._scripts = world, sandbox, scripts

    def run(self) -> dict[str, bytes]:
        taken = self._world.place / "taken"
        with self._leaf("describe") as leaf:
            described = self._ask(leaf, {}).document
        if described != {"signature": "x", "files": sorted(hostile_leaf.FILES)}:
            raise OptimizerError("the model has another signature")
        with self._leaf("build") as leaf:
            self._ask(leaf, {})
            leaf.take(Wanted.saved_model("made"), taken)
        try:
            # No leaf can read it, so that only the judge could have.
            assert not any(SECRET.encode() in path.read_bytes() for path in taken.rglob("*") if path.is_file())
            for role in ("answer", "native"):
                with self._leaf(role, taken) as leaf:
                    self._judge(leaf, taken)
            files = {path.relative_to(taken).as_posix(): path for path in sorted(taken.rglob("*")) if path.is_file()}
            return {name: path.read_bytes() for name, path in files.items()}
        finally:
            shutil.rmtree(taken)

    def _leaf(self, role: str, *read: Path) -> Leaf:
        script = self._scripts.get(role)
        return self._sandbox.leaf(script.hostile_task if script else ROLES[role], read=read)

    def _judge(self, leaf: Leaf, taken: Path) -> None:
        """Ask twice, because what a leaf sends too much of is taken for the answer to the next request."""
        for _ in range(2):
            answers = self._ask(leaf, {"path": str(taken)}, ROWS).arrays
            labels = ROWS * hostile_leaf.weight_of_honest_files()
            right = answers.keys() == {"y"} and answers["y"].shape == ROWS.shape and (answers["y"] == labels).all()
            if not right:
                raise OptimizerError("the answers are others than the labels")

    @staticmethod
    def _ask(leaf: Leaf, document: Any, rows: Any = None) -> Answer:
        arrays = {} if rows is None else {"x": rows}
        return leaf.ask(document, arrays, answer_bytes=1 << 20, seconds=_SECONDS)
