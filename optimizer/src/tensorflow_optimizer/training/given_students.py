"""Opens the user's own students, and compares them with the teacher before training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.job import Distillation, Identity, Packaging, Source
from ..errors import BadInputError, OptimizerError, UnsupportedError
from ..sources import TfliteSource, open_source
from .distillation import GivenStudent

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.job import Job, Student
    from ..sandbox import Sandbox
    from ..signatures import SignatureSpec
    from ..signatures.spec import TensorSpec

_WAY_OUT = "a student has the inputs and outputs of its teacher: the same names, types and shapes"


def distillations(job: Job) -> list[Distillation]:
    """Return the steps of the job that have a student."""
    return [step for step in job.recipe.steps if isinstance(step, Distillation)]


def given_students(job: Job) -> list[Student]:
    """Return the students for which the job names models, in the order of its steps."""
    return [step.student for step in distillations(job) if step.student.given is not None]


def open_students(
    sandbox: Sandbox, job: Job, paths: list[Path], teacher: SignatureSpec, work: Path
) -> dict[str, GivenStudent]:
    """Open the job's given students, by the text of their documents.

    Args:
        sandbox: Where models are opened.
        job: The job.
        paths: Their paths, in the order of the job's steps.
        teacher: The required signature.
        work: Directory for intermediate files.

    Raises:
        BadInputError: One is missing, cannot be read, or has another signature.
        UnsupportedError: One cannot be trained.
    """
    students = given_students(job)
    if len(paths) != len(students):
        raise BadInputError(
            f"the job names {len(students)} students, and {len(paths)} were given; give each as --student, in the "
            "order of the job's steps"
        )
    return {
        student.to_json(): _open(sandbox, path, teacher, work / f"student-{number}", job.source.allowed_operations)
        for number, (student, path) in enumerate(zip(students, paths, strict=True))
    }


def _open(sandbox: Sandbox, path: Path, teacher: SignatureSpec, work: Path, allowed: list[str]) -> GivenStudent:
    work.mkdir(parents=True, exist_ok=True)
    try:
        source = Source(packaging=Packaging.ZIP, identity=Identity(), allowed_operations=allowed)
        opened = open_source(sandbox, path, source, work)
    except OptimizerError as error:
        raise type(error)(f"the student: {error}", *error.hints) from error
    if isinstance(opened, TfliteSource) or opened.version_1:
        what = "is a .tflite file" if isinstance(opened, TfliteSource) else "was made with TensorFlow 1"
        raise UnsupportedError(
            f"the student {what}, whose weights cannot be trained here; give its SavedModel of TensorFlow 2, or the "
            "Keras file"
        )
    specs = opened.specs
    own = specs.get(teacher.name) or (next(iter(specs.values())) if len(specs) == 1 else None)
    if own is None:
        raise BadInputError(
            f"the student has the signatures {', '.join(map(repr, specs))}, and none is called {teacher.name!r}, as "
            f"its teacher's is; {_WAY_OUT}"
        )
    differences = [*_differences("input", teacher.inputs, own.inputs)]
    differences += _differences("output", teacher.outputs, own.outputs)
    if differences:
        raise BadInputError(f"the student does not match the signature of its teacher: {'; '.join(differences)}")
    writers = opened.signatures[own.name].writers
    if writers:
        raise UnsupportedError(
            f"the student changes its state when it is called ({', '.join(writers)}), so that its answers would depend "
            "on what it was asked before; export it for inference, with training=False"
        )
    return GivenStudent(opened.files, own.name)


def _differences(what: str, teacher: dict[str, TensorSpec], student: dict[str, TensorSpec]) -> list[str]:
    if set(teacher) != set(student):
        return [f"its {what}s are {', '.join(map(repr, student))} instead of {', '.join(map(repr, teacher))}"]
    return [
        f"its {what} {name!r} is {student[name]} instead of {entry}"
        for name, entry in teacher.items()
        if student[name].dtype != entry.dtype or not _fits(entry, student[name])
    ]


def _fits(teacher: TensorSpec, student: TensorSpec) -> bool:
    """Say whether the student's tensors are compatible with the teacher's."""
    if student.shape is None or teacher.shape is None:
        return True
    if len(student.shape) != len(teacher.shape):
        return False
    # An unknown dimension 0 is the batch, so the student's must be unknown too; other dimensions are checked with
    # data.
    return all(
        own is None or own == size or (size is None and position > 0)
        for position, (size, own) in enumerate(zip(teacher.shape, student.shape, strict=True))
    )
