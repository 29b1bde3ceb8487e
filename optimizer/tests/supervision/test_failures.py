"""Failures of a job, through the command: one sentence, its exit code, nothing to publish, nothing left."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
import tensorflow as tf
from processes import IMPORTABLE, check_over
from sample_functions import FEATURES, dense_data, function, spec
from sample_jobs import job_data
from tensorflow_optimizer.command_line.failure import hints_in, in_job_file
from tensorflow_optimizer.documents.outcome import Outcome
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.processes.exhaustion import exhausted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sample_models import SampleModels

#: Address space for a job, in KiB: TensorFlow itself takes a few GiB. The tests ask for more, and never touch it.
MEMORY_KIBIBYTES = 12 << 20
SERVING = {"format": "saved_model", "recipe": "forServing"}
DISTILLATION = {
    "kind": "steps",
    "steps": [{"step": "distillation", "student": {"given": {"packaging": "file", "identity": {"digest": "0" * 64}}}}],
}


@dataclass
class Command:
    """`run`, with a directory of its own for temporary files."""

    root: Path

    def __post_init__(self) -> None:
        self.out = self.root / "out"
        self.temporary = self.root / "tmp"
        for directory in (self.out, self.temporary):
            directory.mkdir()

    def words(self, model: Path, data: Path | None, *options: object, **fields: Any) -> list[str]:
        config = self.root / "job.json"
        config.write_text(json.dumps(job_data(**fields)))
        words = ["run", "--config", config, "--source", model, "--output", self.out, *options]
        words += ["--evaluation", data] if data else []
        return [sys.executable, "-m", "tensorflow_optimizer", *map(str, words)]

    def start(self, words: Sequence[str]) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": IMPORTABLE, "TMPDIR": str(self.temporary)}
        return subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def check(self, process: subprocess.Popen[str], code: int, *sentences: str) -> None:
        _, errors = process.communicate()
        assert process.returncode == code, errors
        outcome = Outcome.model_validate_json((self.out / "outcome.json").read_text())
        assert outcome.exit_code == code
        assert any(sentence in outcome.sentence for sentence in sentences), outcome.sentence
        assert last_lines(errors, outcome) == [outcome.sentence, *hint_lines(hints_in(outcome))]
        assert sorted(path.name for path in self.out.iterdir()) == ["outcome.json", "report"]
        assert list(self.temporary.iterdir()) == []


def last_lines(errors: str, outcome: Outcome) -> list[str]:
    """Return the sentence that a command ends with, and a line for each hint."""
    return errors.splitlines()[-1 - len(set(hints_in(outcome))) :]


def hint_lines(hints: Iterable[Hint]) -> list[str]:
    return [f"{hint.replace('_', ' ')}: {in_job_file(hint)}" for hint in dict.fromkeys(hints)]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five megabytes."""
    random = np.random.default_rng(0)
    module = tf.Module()
    module.weights = [tf.Variable(random.standard_normal(shape, np.float32)) for shape in ((16, 60000), (60000, 4))]
    body = tf.function(
        lambda features: {"y": tf.nn.relu(features @ module.weights[0]) @ module.weights[1]},
        input_signature=[spec([None, FEATURES], "features")],
    )
    directory = tmp_path_factory.mktemp("wide") / "model"
    tf.saved_model.save(module, str(directory), signatures={"serving_default": body})
    return directory


@pytest.mark.slow
class TestOutOfMemory:
    SENTENCE = "the job ran out of memory; choose a larger machine"

    def check(self, command: Command, words: list[str]) -> None:
        limited = ["sh", "-c", f'ulimit -v {MEMORY_KIBIBYTES} && exec "$@"', "sh", *words]
        command.check(command.start(limited), 1, self.SENTENCE)

    @pytest.mark.fault
    def test_reading_data(self, models: SampleModels, command: Command) -> None:
        header = io.BytesIO()
        shape = (MEMORY_KIBIBYTES * 1024 // FEATURES, FEATURES)
        np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
        with zipfile.ZipFile(command.root / "huge.npz", "w") as file:
            file.writestr("features.npy", header.getvalue())
            # The values that NumPy makes room for, without writing them.
            file.filelist[0].file_size += MEMORY_KIBIBYTES * 1024 // FEATURES * FEATURES * 4
        self.check(command, command.words(models.dense, command.root / "huge.npz"))

    @pytest.mark.fault
    def test_computing_an_answer(self, command: Command) -> None:
        """TensorFlow's error for it is one of those that else mean that the model cannot compute its input."""
        model = function(
            command.root / "hungry",
            lambda features: {"y": tf.reduce_sum(tf.cumsum(tf.tile(features, [1, 2_000_000_000])), axis=1)},
            spec([None, FEATURES], "features"),
        )
        self.check(command, command.words(model, None, **SERVING))


@pytest.fixture
def no_disk(tmp_path: Path) -> Any:
    """Run a command with a small disk in the place of a directory, and list at the end what is left on it."""
    mount = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    probe = subprocess.run([*mount, f"mount -t tmpfs tmpfs {tmp_path}"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"this machine lets nobody mount a small disk ({probe.stderr.strip()})")

    def wrap(directory: Path, size: str, words: list[str], *, before: str = "true") -> list[str]:
        place, listing = shlex.quote(str(directory)), shlex.quote(str(tmp_path / "left"))
        keep = f'cp -r {place}/. {listing} && (exit "$code")'
        script = f'mount -t tmpfs -o size={size} tmpfs {place} && {before} && {{ "$@"; code=$?; {keep}; }}'
        return [*mount, script, "sh", *words]

    return wrap


@pytest.mark.slow
class TestOutOfDisk:
    SENTENCE = "the job ran out of disk space; choose a larger machine"

    @pytest.mark.fault
    def test_for_temporary_files(self, wide: Path, command: Command, no_disk: Any) -> None:
        """TensorFlow's error for it is the one for memory."""
        words = no_disk(command.temporary, "1m", command.words(wide, None, **SERVING))
        command.check(command.start(words), 1, self.SENTENCE)
        assert list((command.root / "left").iterdir()) == []

    def test_for_the_files_made_from_a_keras_file(self, models: SampleModels, command: Command, no_disk: Any) -> None:
        """Say it in either way: the watcher may find the disk full before the process does, and ends it."""
        words = no_disk(command.temporary, "16k", command.words(models.keras_file, None, recipe="none"))
        ended = "ended because the disk has only 0 MiB left; choose a larger machine"
        command.check(command.start(words), 1, self.SENTENCE, ended)

    @pytest.mark.fault
    @pytest.mark.parametrize("fields", [SERVING, {"recipe": "none"}])
    def test_for_the_model(self, fields: dict[str, Any], wide: Path, command: Command, no_disk: Any) -> None:
        words = no_disk(command.out, "1m", command.words(wide, None, **fields))
        _, errors = command.start(words).communicate()
        left = command.root / "left"
        assert sorted(path.name for path in left.iterdir()) == ["outcome.json", "report"]
        outcome = Outcome.model_validate_json((left / "outcome.json").read_text())
        assert outcome.sentence == self.SENTENCE
        assert outcome.hints == [Hint.MACHINE_SIZE]
        assert last_lines(errors, outcome) == [self.SENTENCE, *hint_lines(outcome.hints)]
        assert list(command.temporary.iterdir()) == []

    def test_for_anything_at_all(self, models: SampleModels, command: Command, no_disk: Any) -> None:
        fill = f"! head -c 1m /dev/zero > {shlex.quote(str(command.out / 'full'))} 2> /dev/null"
        words = no_disk(command.out, "64k", command.words(models.dense, None), before=fill)
        process = command.start(words)
        _, errors = process.communicate()
        assert process.returncode == 1
        assert self.SENTENCE in errors.splitlines()
        assert {path.name for path in (command.root / "left").iterdir()} <= {"full", "report"}


@pytest.mark.fault
@pytest.mark.parametrize(
    "phase",
    [
        "opening ",
        # Each converts a model before.
        *(pytest.param(phase, marks=pytest.mark.slow) for phase in ("converting to ", "proving the runtime for ")),
    ],
)
def test_a_killed_process(phase: str, models: SampleModels, command: Command) -> None:
    process = command.start(command.words(models.dense, models.labelled))
    assert process.stderr is not None
    assert any(line.startswith(phase) for line in process.stderr)
    (worker,) = (
        entry
        for entry in psutil.Process(process.pid).children()
        if "tensorflow_optimizer.supervision.worker" in entry.cmdline()
    )
    worker.kill()
    command.check(process, 1, "the job was killed, most likely because it ran out of memory")


@pytest.mark.fault
def test_a_killed_command_ends_its_job(models: SampleModels, command: Command) -> None:
    process = command.start(command.words(models.dense, models.labelled))
    assert process.stderr is not None
    assert any(line.startswith("opening ") for line in process.stderr)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    process.kill()
    # Standard error ends when the last one that writes to it does.
    process.communicate()
    assert not (command.out / "outcome.json").exists()
    for entry in family:
        check_over(entry)


class TestBadInput:
    @pytest.mark.parametrize(
        ("name", "content", "sentence"),
        [
            ("data.npz", b"PK\x03\x04 and then nothing", "is cut short or corrupt"),
            ("data.jsonl", b'{"instances": [[1, 2', "data.jsonl, line 1 is not JSON"),
        ],
    )
    def test_unreadable_data(
        self, name: str, content: bytes, sentence: str, models: SampleModels, command: Command
    ) -> None:
        data = command.root / name
        data.write_bytes(content)
        command.check(command.start(command.words(models.dense, data)), 2, sentence)

    @pytest.mark.fault
    def test_labels_that_do_not_fit(self, models: SampleModels, command: Command) -> None:
        features, labels = dense_data(600)
        data = command.root / "data.npz"
        np.savez(data, features=features, labels=np.random.default_rng(0).permutation(labels))
        words = command.words(models.dense, data)
        command.check(command.start(words), 2, "labels or preprocessing do not match this model")

    def test_a_student_that_does_not_match(self, models: SampleModels, command: Command) -> None:
        words = command.words(models.dense, models.labelled, "--student", models.keras_file, recipe=DISTILLATION)
        command.check(command.start(words), 2, "the student does not match the signature of its teacher")


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (MemoryError(), "memory"),
        (OSError(12, "Cannot allocate memory"), "memory"),
        (ImportError("libtensorflow_cc.so.2: failed to map segment from shared object"), "memory"),
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"), "memory"),
        (tf.errors.ResourceExhaustedError(None, None, "/tmp/x; No space left on device"), "disk space"),
        (OSError(28, "No space left on device"), "disk space"),
        (OSError(122, "Disk quota exceeded"), "disk space"),
        (OSError(2, "No such file"), None),
        (ValueError("the memory of a goldfish"), None),
    ],
)
def test_exhausted_resources_are_distinguished_from_errors(error: Exception, what: str | None) -> None:
    try:
        raise RuntimeError("the converter failed") from error
    except RuntimeError as later:
        known = exhausted(later)
    if what is None:
        assert known is None
    else:
        assert known is not None
        assert str(known) == f"the job ran out of {what}; choose a larger machine"
        assert known.hints == (Hint.MACHINE_SIZE,)
