"""Findings of `check` by headers and first rows, in the words of the build."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tensorflow_optimizer.data import read_dataset
from tensorflow_optimizer.data.check import DataCheck, check_beginning
from tensorflow_optimizer.data.expected import ExpectedData
from tensorflow_optimizer.data.problems import Problems
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec

SPEC = SignatureSpec(
    "serving_default",
    "tensorflow/serving/predict",
    {"a": TensorSpec("float32", (None, 2), ""), "b": TensorSpec("int32", (None,), "")},
    {"y": TensorSpec("float32", (None, 3), "")},
)
ONE = SignatureSpec("serving_default", "p", {"x": TensorSpec("float32", (None, 2), "")}, SPEC.outputs)


def checked(file: Path, spec: SignatureSpec = SPEC, names: list[str] | None = None) -> DataCheck:
    return check_beginning(ExpectedData.of(file, spec, None, batched=True), names)


def problems_of(file: Path, spec: SignatureSpec = SPEC, names: list[str] | None = None) -> list[str]:
    return list(checked(file, spec, names).problems)


def npz(directory: Path, **arrays: Any) -> Path:
    np.savez(directory / "data.npz", **{name.replace("__", "/"): value for name, value in arrays.items()})
    return directory / "data.npz"


def written(directory: Path, name: str, text: str) -> Path:
    (directory / name).write_text(text, encoding="utf-8")
    return directory / name


class TestHeaders:
    def test_data_that_fits_has_no_problem(self, tmp_path: Path) -> None:
        rows = [{"a": [1.5, 2.5], "b": 3}] * 2
        files = [
            npz(tmp_path, a=np.ones((5, 2)), b=np.ones(5, int), labels=np.arange(5) % 3),
            written(tmp_path, "data.jsonl", json.dumps({"instances": rows, "label": [0, 2]})),
            written(tmp_path, "data.csv", "a/0,a/1,b,label\n1.5,2,3,0\n"),
            tmp_path / "data.parquet",
        ]
        pq.write_table(pa.table({"a": [[1.0, 2.0]], "b": [3], "label": [2]}), files[-1])
        assert [(list(found.problems), found.rows, found.rows_read) for found in map(checked, files)] == [
            ([], 5, 0),
            ([], None, 2),
            ([], None, 1),
            ([], 1, 1),
        ]

    def test_every_problem_is_found_at_once(self, tmp_path: Path) -> None:
        problems = problems_of(
            npz(
                tmp_path,
                a=np.ones((5, 3)),
                b=np.array(["x"] * 5),
                c=np.ones(5),
                labels=np.arange(4),
                labels__z=np.ones(5),
            )
        )
        assert len(problems) == 6
        for words in (
            "labels for 'z', but the outputs",
            "has the arrays 'a', 'b', 'c', but the inputs",
            "differ in their number of rows (a: 5, b: 5, labels of y: 4)",
            "input 'a' have the shape [3], but the model takes [2]",
            "input 'b' is <U1, but the model takes int32",
            "go from 0 to 3, but it decides between 0 and 2",
        ):
            assert any(words in problem for problem in problems), (words, problems)

    def test_the_values_of_an_npz_are_not_read(self, tmp_path: Path) -> None:
        file = npz(tmp_path, x=np.full((5000, 2), 7.0))
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(content)
        assert problems_of(file, ONE) == []
        with pytest.raises(BadInputError, match="cut short or corrupt"):
            read_dataset(file, ONE, None, batched=True, labels=None)

    def test_every_line_of_the_beginning_is_named(self, tmp_path: Path) -> None:
        lines = ['{"instances": [[1, 2]]}', "{", '{"instances": [[1, "a"]]}', '{"inputs": {"z": [[1, 2]]}}']
        problems = problems_of(written(tmp_path, "data.jsonl", "\n".join(lines)), ONE)
        assert [problem.split(" ")[2][0] for problem in problems] == ["2", "4", "3"]

    @pytest.mark.parametrize(
        ("labels", "words"),
        [
            ([1, 2, 3], "they seem to be numbered from 1: subtract 1"),
            ([-1, 0, 1], "go from -1 to 1, but it decides between 0 and 2"),
            ([0, 1, 7], "go from 0 to 7"),
            ([0.5, 1.0, 1.5], "number no class"),
            ([[0, 1]] * 3, "have the shape [3, 2], expected [3]"),
            (["cat", "dog", "cat"], "labels by name; give the class names"),
        ],
    )
    def test_labels_must_be_classes_of_the_output(self, labels: list[Any], words: str, tmp_path: Path) -> None:
        (problem,) = problems_of(npz(tmp_path, x=np.ones((3, 2)), labels=np.array(labels)), ONE)
        assert words in problem

    @pytest.mark.parametrize("labels", [[0.0, 1.0, 2.0], [[0, 1, 0]] * 3, [[0.5, 2.5, 9.0]] * 3, [[2]] * 3])
    def test_classes_and_a_number_for_each_score_are_labels(self, labels: list[Any], tmp_path: Path) -> None:
        assert problems_of(npz(tmp_path, x=np.ones((3, 2)), labels=np.array(labels)), ONE) == []

    def test_an_output_of_one_score_takes_any_number(self, tmp_path: Path) -> None:
        spec = SignatureSpec("serve", "p", ONE.inputs, {"y": TensorSpec("float32", (None, 1), "")})
        assert problems_of(npz(tmp_path, x=np.ones((3, 2)), labels=np.array([-3.5, 0, 99])), spec) == []

    def test_class_names_must_be_known(self, tmp_path: Path) -> None:
        file = written(tmp_path, "data.csv", "p,q,label\n1,2,dog\n")
        assert problems_of(file, ONE, ["cat", "dog", "cow"]) == []
        (problem,) = problems_of(file, ONE, ["cat", "cow", "hen"])
        assert "has the label 'dog', which is none of cat, cow, hen" in problem

    def test_images_are_checked_by_their_labels(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(b"")
        file = written(tmp_path, "labels.csv", "path,label\na.png,3\n")
        (problem,) = problems_of(file, ONE)
        assert "go from 3 to 3, but it decides between 0 and 2" in problem

    def test_no_tensorflow_is_imported(self, tmp_path: Path) -> None:
        program = (
            "import sys; import tensorflow_optimizer.data.check; "
            "print([name for name in ('tensorflow', 'keras', 'pyarrow') if name in sys.modules])"
        )
        source = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[3] / "runtime" / "shared" / "src")]
        shown = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:0] = {source!r}; {program}"],
            check=True,
            capture_output=True,
            text=True,
        )
        assert shown.stdout.strip() == "[]"


class TestWords:
    """A build refuses the same data by the same sentences."""

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("data.csv", "a/0,a/1,c\n1,2,3\n"),
            ("data.csv", "a/0,a/1,b\n1,x,3\n1,2,\n1,2\n"),
            ("data.csv", ""),
            ("data.jsonl", "{\n[]\n"),
            ("data.jsonl", '{"instances": [{"a": [1, 2, 3], "b": "x"}]}\n{"instances": []}'),
            ("data.jsonl", '{"instances": [{"a": [1, 2], "b": 1}], "label": {"z": 1}}'),
            (
                "data.jsonl",
                '{"instances": [{"a": [1, 2], "b": 1}]}\n{"instances": [{"a": [1, 2], "b": 1}], "label": 1}',
            ),
            ("data.csv", "a/0,a/1,b\n1,2,3.5\n"),
            ("data.npz", "nothing"),
            ("data.parquet", "nothing"),
        ],
    )
    def test_text(self, name: str, content: str, tmp_path: Path) -> None:
        self._compare(written(tmp_path, name, content))

    @pytest.mark.parametrize(
        "arrays",
        [
            {"a": np.ones((5, 3)), "b": np.ones((5, 2))},
            {"a": np.ones((5, 2)), "c": np.ones(5), "labels__z": np.ones(5)},
            {"a": np.ones((5, 2)), "b": np.ones(4)},
            {"a": np.float32(1), "b": np.array([{}], dtype=object)},
            {"a": np.ones((0, 2)), "b": np.ones(0)},
            {"a": np.ones((2, 2)), "b": np.ones(2), "labels": np.array(["cat", "dog"])},
        ],
    )
    def test_arrays(self, arrays: dict[str, Any], tmp_path: Path) -> None:
        self._compare(npz(tmp_path, **arrays))

    def _compare(self, file: Path) -> None:
        with pytest.raises(BadInputError) as built:
            read_dataset(file, SPEC, None, batched=True, labels=None)
        with pytest.raises(BadInputError) as refused:
            self._refuse(file)
        assert str(refused.value) == str(built.value)
        assert refused.value.hints == built.value.hints

    def _refuse(self, file: Path) -> None:
        checked(file).problems.refuse()


class TestProblems:
    def test_the_same_kind_is_shown_once_with_its_number(self) -> None:
        problems = Problems()
        for row in range(3):
            problems.add(f"row {row} is wrong", key="row")
        assert list(problems) == ["row 0 is wrong (and 2 more)"]

    def test_a_file_of_another_kind_fills_no_memory(self) -> None:
        problems = Problems()
        for row in range(1000):
            problems.add(f"row {row}")
        assert len(list(problems)) == 101
        assert list(problems)[-1] == "900 more problems of other kinds"
        with pytest.raises(BadInputError, match=r"^101 problems: \(1\) row 0; .* \(5\) row 4; and 96 more$"):
            problems.refuse()
