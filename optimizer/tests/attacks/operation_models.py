"""SavedModels that attack with operations of TensorFlow alone, as anybody can upload them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import tensorflow as tf

if TYPE_CHECKING:
    from pathlib import Path

FEATURES, CLASSES = 16, 4


class Place(StrEnum):
    """Part of the model that has the operations."""

    SIGNATURE = "signature"
    """Run the operations with each request."""
    INITIALIZER = "initializer"
    """Run the operations when the model is loaded."""


@dataclass(frozen=True)
class Attack:
    """Operations, in the order in which they run."""

    writes: dict[str, bytes] = field(default_factory=dict)
    """Content by path. WriteFile makes the directories."""
    leaks: tuple[str, ...] = ()
    """Files that are read; what they hold is written to `leaks_to`, and added to the answer."""
    leaks_to: str = ""
    matches: str = ""
    """A pattern: names of files that MatchingFiles finds are written to `matches_to`."""
    matches_to: str = ""
    aborts: bool = False
    """Ends the process by SIGABRT after all others."""


def attacking_model(directory: Path, attack: Attack, place: Place) -> Path:
    """Save a model that always answers the first class with certainty, and attacks.

    Returns:
        The directory of the SavedModel, whose signature takes `features` of 16 numbers and answers four
        `probabilities`, as the sample model `dense` does.
    """
    module = tf.Module()
    if place is Place.INITIALIZER:
        module.resource = _Resource(attack)

    @tf.function(input_signature=[tf.TensorSpec([None, FEATURES], tf.float32, name="features")])
    def serve(features: Any) -> dict[str, Any]:
        dependencies = _operations(attack) if place is Place.SIGNATURE else []
        with tf.control_dependencies(dependencies):
            zeros = tf.zeros([tf.shape(features)[0], CLASSES - 1])
            answer = tf.concat([tf.ones([tf.shape(features)[0], 1]), zeros], axis=1)
        return {"probabilities": answer}

    module.serve = serve
    tf.saved_model.save(module, str(directory), signatures={"serving_default": serve})
    return directory


class _Resource(tf.saved_model.experimental.TrackableResource):
    """A table, whose initializer is what the attack needs."""

    def __init__(self, attack: Attack) -> None:
        super().__init__(device="")
        self._attack = attack
        _ = self.resource_handle

    def _create_resource(self) -> Any:
        return tf.raw_ops.HashTableV2(key_dtype=tf.int64, value_dtype=tf.int64, shared_name="attack")

    def _initialize(self) -> None:
        with tf.control_dependencies(_operations(self._attack)):
            # Abort has no state, so that a function's graph keeps it only for what has.
            tf.raw_ops.Assert(condition=True, data=[tf.constant("")])

    def _destroy_resource(self) -> None:
        return


def _operations(attack: Attack) -> list[Any]:
    """Return the last of the operations, each of which waits for the one before."""
    last: list[Any] = []
    for path, content in attack.writes.items():
        with tf.control_dependencies(last):
            last = [tf.raw_ops.WriteFile(filename=path, contents=content)]
    if attack.leaks:
        with tf.control_dependencies(last):
            read = tf.strings.join([tf.raw_ops.ReadFile(filename=path) for path in attack.leaks])
            last = [tf.raw_ops.WriteFile(filename=attack.leaks_to, contents=read)]
    if attack.matches:
        with tf.control_dependencies(last):
            found = tf.strings.reduce_join(tf.raw_ops.MatchingFiles(pattern=attack.matches), separator="\n")
            last = [tf.raw_ops.WriteFile(filename=attack.matches_to, contents=found)]
    if attack.aborts:
        with tf.control_dependencies(last):
            last = [tf.raw_ops.Abort(error_msg="attack")]
    return last
