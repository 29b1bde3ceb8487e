"""Jobs for tests, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tensorflow_optimizer.documents.job import BEHAVIOR_VERSION, Job
from tensorflow_optimizer.pipeline import Paths, run
from tensorflow_optimizer.processes import environment
from tensorflow_optimizer.runners import LiteRtRunner

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tensorflow_optimizer.documents.manifest import Draft
    from tensorflow_optimizer.documents.outcome import Outcome

DYNAMIC_RANGE = {"kind": "steps", "steps": [{"step": "quantization", "mode": "dynamicRange"}]}
FLOAT16 = {"kind": "steps", "steps": [{"step": "quantization", "mode": "float16"}]}
FULL_INTEGER = {"kind": "steps", "steps": [{"step": "quantization", "mode": "fullInteger"}]}
STRIP = {"kind": "steps", "steps": [{"step": "strip"}]}


def job_data(source: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a job.json: forLiteRt() for LiteRT unless told otherwise; `recipe` may be just its kind."""
    versions = environment.versions()
    recipe = fields.pop("recipe", "forLiteRt")
    return {
        "model": "sample",
        "format": "litert",
        "source": {"packaging": "zip", "identity": {"digest": "0" * 64}, **(source or {})},
        "recipe": recipe if isinstance(recipe, dict) else {"kind": recipe},
        "toolchain": {
            "behaviorVersion": BEHAVIOR_VERSION,
            "tensorflow": versions["tensorflow"],
            "litert": versions["litert"],
        },
        **fields,
    }


def gate(*rules: tuple[str, float], strict: bool = False) -> dict[str, Any]:
    """Return a gate."""
    return {"rules": [{"rule": name, "value": value} for name, value in rules], "strict": strict}


@dataclass(frozen=True)
class Result:
    """End of a job: its outcome, its draft and its output directory."""

    outcome: Outcome
    draft: Draft | None
    output: Path

    @property
    def code(self) -> int:
        """The exit code."""
        return int(self.outcome.exit_code)

    @property
    def sentence(self) -> str:
        """The outcome's sentence."""
        return self.outcome.sentence

    @property
    def statuses(self) -> dict[str, str]:
        """The status of each candidate."""
        return {candidate.name: candidate.status.value for candidate in self.outcome.candidates}

    @property
    def published(self) -> Draft:
        """The draft of a job that succeeded."""
        assert self.code == 0, self.sentence
        assert self.draft is not None
        return self.draft

    def predict(self, inputs: dict[str, Any], signature: str | None = None) -> dict[str, Any]:
        """Ask the published .tflite file through the reference interpreter."""
        draft = self.published
        runner = LiteRtRunner((self.output / "model" / "model.tflite").read_bytes(), draft.signatures)
        return runner.run(signature or draft.default_signature, inputs)


class Runs:
    """Runs jobs, each into its own directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._count = 0

    def __call__(
        self,
        model: Path,
        /,
        data: Path | None = None,
        source: dict[str, Any] | None = None,
        students: Sequence[Path] = (),
        serving: Path | None = None,
        **fields: Any,
    ) -> Result:
        self._count += 1
        output = self._directory / f"out-{self._count}"
        paths = Paths(model, data, output, students=tuple(students), serving=serving)
        outcome, draft = run(Job.model_validate(job_data(source, **fields)), paths)
        return Result(outcome, draft, output)
