"""Materials from which a model was made: its source, its data and its students, with their digests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..documents.job import Distillation, Packaging

if TYPE_CHECKING:
    from ..documents.job import Evaluation, Job, Source, StudentModel
    from ..documents.manifest import Draft
    from ..fetching.fetched import Fetched, FetchedInput

#: Explanations of digests: of several files, and of one.
FILES = "SHA-256 of the sorted lines `sha256  path` of its files"
CONTENT = "SHA-256 of its bytes"
EVALUATION = "evaluation"


@dataclass(frozen=True)
class Material:
    """One input of a job."""

    name: str
    sha256: str | None
    """SHA-256 of the content; None if it was never read here."""
    digest_of: str
    """Explanation of the digest."""
    uri: str | None = None
    version: str | None = None
    """The object version or revision."""

    @property
    def is_model(self) -> bool:
        """Tell whether it is a model, and not data."""
        return self.name != EVALUATION


def materials_of(job: Job, draft: Draft, fetched: Fetched | None) -> list[Material]:
    """Return the inputs of a job: the source first, then data, then students."""
    source = _material("source", job.source, fetched.source if fetched else None)
    if fetched is None or len(fetched.source.objects) != 1:
        source = Material(source.name, draft.source.digest, FILES, source.uri, source.version)
    materials = [source]
    if job.evaluation is not None:
        materials.append(_material(EVALUATION, job.evaluation, fetched.evaluation if fetched else None))
    students = [
        step.student.given for step in job.recipe.steps if isinstance(step, Distillation) and step.student.given
    ]
    for number, student in enumerate(students):
        materials.append(_material(f"student-{number}", student, fetched.students[number] if fetched else None))
    return materials


def _material(name: str, given: Source | Evaluation | StudentModel, fetched: FetchedInput | None) -> Material:
    identity = given.identity
    version = identity.object_version or identity.revision
    if fetched is None:
        # The command line computes these digests itself: of a file's bytes, or of a directory's files.
        how = CONTENT if given.packaging is Packaging.FILE else FILES
        return Material(name, identity.digest, how, version=version)
    uri = f"s3://{fetched.bucket}/{fetched.key}"
    if len(fetched.objects) == 1:
        stored = fetched.objects[0]
        return Material(name, stored.sha256, CONTENT, uri, stored.version or version)
    return Material(name, fetched.digest, FILES, uri, version)
