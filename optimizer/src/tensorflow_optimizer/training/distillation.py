"""Trains a student to answer like its teacher, and saves it with the teacher's signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..conversion.loading import kept_objects, load_objects
from ..documents.job import ModelTask
from ..errors import BadInputError, UnsupportedError
from ..evaluation.tasks import has_form
from ..hints import Hint
from ..sources import SavedModelFiles  # noqa: TC001 - pydantic reads it
from ..sources.saved_model_files import read_meta_graph
from .student import build_student
from .training_loop import Hyperparameters, tensors, train

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.job import Distillation
    from ..signatures import SignatureSpec
    from .training_set import TrainingSet

_BATCH = 64
#: A built student starts from scratch; a given one may be trained already.
_RATE, _RATE_GIVEN = 3e-3, 1e-3
#: Number of samples to detect a student's form of answer.
_LOOKED_AT = 64


@dataclass(frozen=True)
class GivenStudent:
    """The user's own model."""

    source: SavedModelFiles
    signature: str
    """The one that is the teacher's."""


def distill(  # noqa: PLR0913 - who learns what from whom, and where it goes
    given: GivenStudent | None,
    spec: SignatureSpec,
    step: Distillation,
    training_set: TrainingSet,
    destination: Path,
    *,
    seed: int,
) -> str | None:
    """Train a student and save it under the name of the teacher's signature.

    Args:
        given: The user's student; None to build one of the step's size.
        spec: The teacher's signature.
        step: How to train.
        training_set: Samples and targets.
        destination: Where to save the student.
        seed: Seed of its initial weights, and of the order of the samples.

    Returns:
        Why training was stopped early, with the best state until then saved; None otherwise.

    Raises:
        BadInputError: The given student's answers have another form than its teacher's.
        UnsupportedError: There is no such student, or it has nothing to train.
    """
    import tensorflow as tf

    if not training_set.targets:
        raise UnsupportedError(
            f"the signature {spec.name!r} has no output that a student can learn from (none holds scores or amounts); "
            "leave distillation out",
            Hint.DISTILLATION,
        )
    if given is None:
        size = step.student.size
        if size is None:
            raise UnsupportedError("the student was not given, and has no size to be built in")
        rows = training_set.as_rows()
        single = any(
            rows.dataset.inputs[name].ndim < tensor.ndim for name, tensor in training_set.dataset.inputs.items()
        )
        batch: list[int | None] = [None] if training_set.dataset.batched else [1] if single else []
        made = build_student(size, spec, rows.dataset, rows.answers, rows.tasks, batch=batch, seed=seed)
        student = _Student(made.rows, made.weights, made.weights, made.serve.get_concrete_function(), made)
        training_set = rows
    else:
        student = _loaded(given)
        _check_form(student, training_set)
    rate = _RATE if given is None else _RATE_GIVEN
    start = [variable.numpy() for variable in student.variables]
    problem = train(student, training_set, Hyperparameters(step.epochs, rate, _BATCH, seed), start)
    module = tf.Module()
    module.kept = student.kept
    tf.saved_model.save(module, str(destination), signatures={spec.name: student.exported})
    (destination / "fingerprint.pb").unlink(missing_ok=True)
    return problem


@dataclass
class _Student:
    """A student in training, without constraints."""

    function: Any
    variables: list[Any]
    kept: list[Any]
    exported: Any
    owner: Any
    """Keeps the variables alive, which functions hold weakly."""

    def before(self, number: int, total: int) -> None:
        """Prepare nothing."""

    def constrain(self) -> None:
        """Restore nothing."""

    def is_whole(self) -> bool:
        """Any state may be kept."""
        return True


def _loaded(given: GivenStudent) -> _Student:
    import tensorflow as tf

    source = given.source
    meta_graph = read_meta_graph(source.directory, source.tags)
    loaded = load_objects(source.directory, source.tags, meta_graph)
    function = loaded.signatures[given.signature]
    kept = kept_objects(loaded, [function])
    variables = [
        kept_object
        for kept_object in kept
        if isinstance(kept_object, tf.Variable) and kept_object.dtype.is_floating and kept_object.trainable
    ]
    if not variables:
        raise UnsupportedError(
            "the student has no variables that can be trained (a frozen model holds its weights as constants); give "
            "the model that it was made of, with trainable layers"
        )
    return _Student(function, variables, kept, function, loaded)


def _check_form(student: _Student, training_set: TrainingSet) -> None:
    """Reject scores instead of probabilities: a student's answers must have the form that clients expect.

    Raises:
        BadInputError: An output differs in form.
    """
    answers = student.function(**tensors(training_set.dataset.call(0, _LOOKED_AT)))
    for name in training_set.targets:
        task = training_set.tasks[name]
        if not has_form(task, answers[name].numpy()):
            own_form, teacher_form = ("probabilities", "scores") if task.logits else ("scores", "probabilities")
            last = "without" if task.logits else "with"
            function = "softmax" if task.task is ModelTask.MULTICLASS else "sigmoid"
            raise BadInputError(
                f"the student's output {name!r} holds {own_form}, and its teacher's holds {teacher_form}; end the "
                f"student {last} {function}, so that clients get the same numbers from either"
            )
