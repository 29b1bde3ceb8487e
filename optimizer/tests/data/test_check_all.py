"""Findings of `check --all` by reading every value, in bounded memory."""

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
from tensorflow_optimizer.data.check import DataCheck, check_all
from tensorflow_optimizer.data.expected import ExpectedData
from tensorflow_optimizer.data.row_hashes import RowHashes
from tensorflow_optimizer.data.splits import part_of_each
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec

RANDOM = np.random.default_rng(7)


def signature(dtype: str = "float32", shape: tuple[int | None, ...] = (None, 2), classes: int = 3) -> SignatureSpec:
    return SignatureSpec(
        "serve", "p", {"x": TensorSpec(dtype, shape, "")}, {"y": TensorSpec("float32", (None, classes), "")}
    )


def checked(file: Path, spec: SignatureSpec | None = None, names: list[str] | None = None) -> DataCheck:
    return check_all(ExpectedData.of(file, spec or signature(), None, batched=True), names, 0)


def npz(directory: Path, **arrays: Any) -> Path:
    np.savez(directory / "data.npz", **arrays)
    return directory / "data.npz"


def found(directory: Path, spec: SignatureSpec | None = None, **arrays: Any) -> list[str]:
    result = checked(npz(directory, **arrays), spec)
    return [*result.problems, *result.warnings]


def rows(count: int, width: int = 2) -> Any:
    return RANDOM.standard_normal((count, width))


class TestEveryFormat:
    def files(self, directory: Path, values: Any, labels: Any) -> list[Path]:
        lines = [
            json.dumps({"instances": [row], "label": label})
            for row, label in zip(values.tolist(), labels.tolist(), strict=True)
        ]
        (directory / "data.jsonl").write_text("\n".join(lines))
        texts = [f"{row[0]!r},{row[1]!r},{label}" for row, label in zip(values.tolist(), labels.tolist(), strict=True)]
        (directory / "data.csv").write_text("\n".join(["p,q,label", *texts]))
        pq.write_table(pa.table({"x": values.tolist(), "label": labels}), directory / "data.parquet")
        fortran = directory / "fortran.npz"
        np.savez_compressed(fortran, x=np.asfortranarray(values), labels=labels)
        return [
            npz(directory, x=values, labels=labels),
            fortran,
            *(directory / f"data.{suffix}" for suffix in ("jsonl", "csv", "parquet")),
        ]

    def test_all_say_the_same(self, tmp_path: Path) -> None:
        values, labels = rows(500), np.arange(500) % 2
        values[41, 1] = np.nan
        values[300] = values[2]
        results = [checked(file) for file in self.files(tmp_path, values, labels)]
        assert [result.rows for result in results] == [500] * 5
        assert [list(result.problems) for result in results] == [[]] * 5
        said = {tuple(warning.split(": ", 1)[1] for warning in result.warnings) for result in results}
        assert len(said) == 1
        ((nan, missing, equal),) = said
        assert nan.startswith("1 values of input 'x' are NaN (0.10%), the first in row 42, value 1")
        assert missing.startswith("1 of 3 classes of the output 'y' have no row (2)")
        assert equal.startswith("2 of 500 rows (0.40%) are equal to another one")

    def test_a_problem_at_the_end_is_found(self, tmp_path: Path) -> None:
        values, labels = rows(60_000), np.arange(60_000) % 3
        labels[-1] = 3
        for file in self.files(tmp_path, values, labels):
            (problem,) = checked(file).problems
            assert "go from 0 to 3, but it decides between 0 and 2" in problem, file

    def test_every_line_is_named(self, tmp_path: Path) -> None:
        lines = [json.dumps({"instances": [row]}) for row in rows(90_000).tolist()]
        lines[80_000] = "{"
        lines[85_000] = '{"instances": [[1, "a"]]}'
        (tmp_path / "data.jsonl").write_text("\n".join(lines))
        problems = list(checked(tmp_path / "data.jsonl").problems)
        assert "line 80001 is not JSON" in problems[0]
        assert "line 85001: input 'x' has the value \"a\"" in problems[1]


class TestValues:
    def test_infinities_are_counted_apart(self, tmp_path: Path) -> None:
        values = rows(100)
        values[3, 0], values[5, 1], values[6, 1] = np.inf, -np.inf, np.nan
        nan, infinite = found(tmp_path, x=values)
        assert "1 values of input 'x' are NaN (0.50%), the first in row 7, value 1" in nan
        assert "2 values of input 'x' are infinite (1.00%), the first in row 4, value 0" in infinite

    def test_rows_without_values_are_read_too(self, tmp_path: Path) -> None:
        (tmp_path / "data.jsonl").write_text('{"instances": [[], []]}')
        (problem,) = checked(tmp_path / "data.jsonl").problems
        assert "have the shape [0], but the model takes [2]" in problem

    def test_only_nan_is_read_too(self, tmp_path: Path) -> None:
        assert "200 values of input 'x' are NaN (100.00%)" in found(tmp_path, x=np.full((100, 2), np.nan))[0]

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            (np.ones((50, 2)) * [3, 4], "input 'x' is the same in all rows"),
            (np.stack([RANDOM.standard_normal(50), np.full(50, 7)], axis=1), "1 of 2 values of input 'x' are the same"),
            (rows(50) * 9000, "which looks unscaled; if your program scales values"),
        ],
    )
    def test_what_is_suspect_is_said(self, values: Any, words: str, tmp_path: Path) -> None:
        assert any(words in sentence for sentence in found(tmp_path, x=values))

    def test_pixels_that_are_not_divided_are_said(self, tmp_path: Path) -> None:
        pixels = RANDOM.integers(0, 256, (20, 4, 4, 1))
        spec = signature(shape=(None, 4, 4, 1))
        (sentence,) = found(tmp_path, spec, x=pixels)
        assert "in whole numbers, as pixels do that are not divided by 255" in sentence
        assert found(tmp_path, spec, x=pixels / 255) == []
        assert found(tmp_path, signature("uint8", shape=(None, 4, 4, 1)), x=pixels) == []

    def test_values_that_the_type_cannot_hold_are_a_problem_once(self, tmp_path: Path) -> None:
        values = np.full((1_200_000, 2), 0.5)
        problems = list(checked(npz(tmp_path, x=values), signature("int8")).problems)
        assert len(problems) == 1
        assert problems[0].endswith("with values that int8, which the model takes, cannot hold")

    def test_ordinary_data_is_suspected_of_nothing(self, tmp_path: Path) -> None:
        assert found(tmp_path, x=rows(600), labels=RANDOM.permutation(np.arange(600) % 3)) == []

    def test_a_damaged_array_is_a_problem(self, tmp_path: Path) -> None:
        file = npz(tmp_path, x=rows(5000))
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(content)
        (problem,) = checked(file).problems
        assert "cut short or corrupt" in problem


class TestLabels:
    def test_labels_from_one_are_a_problem(self, tmp_path: Path) -> None:
        problems = found(tmp_path, x=rows(300), labels=RANDOM.permutation(np.arange(300) % 3 + 1))
        assert "seem to be numbered from 1: subtract 1" in problems[0]

    def test_missing_classes_have_their_names(self, tmp_path: Path) -> None:
        file = npz(tmp_path, x=rows(4), labels=np.array(["cow", "cat", "cow", "cat"]))
        (warning,) = checked(file, names=["cat", "dog", "cow"]).warnings
        assert "1 of 3 classes of the output 'y' have no row (1 'dog')" in warning

    def test_rows_in_the_order_of_their_classes_are_said(self, tmp_path: Path) -> None:
        (sentence,) = found(tmp_path, x=rows(90), labels=np.repeat([0, 2, 1], 30))
        assert "the rows are ordered by the labels of the output 'y'" in sentence

    def test_labels_of_another_shape_are_a_problem_with_all_rows(self, tmp_path: Path) -> None:
        (problem,) = found(tmp_path, x=rows(90), labels=np.zeros((90, 5)))
        assert "have the shape [90, 5], expected [90]" in problem


class TestEqualRows:
    def test_rows_in_other_parts_are_counted(self, tmp_path: Path) -> None:
        values = rows(1000)
        parts = part_of_each(1000, 0)
        gate, training = np.flatnonzero(parts == 2), np.flatnonzero(parts == 3)
        values[gate[:5]] = values[training[:5]]
        values[gate[6]] = values[gate[7]]
        (sentence,) = found(tmp_path, x=values)
        assert "12 of 1,000 rows (1.20%) are equal to another one, and 10 to one in another part" in sentence

    def test_a_share_stands_for_more_rows_than_are_kept(self) -> None:
        hashes = RowHashes(maximum=1000)
        once, twice = rows(20_000), rows(5_000)
        for start in range(0, 30_000, 1000):
            hashes.add({"x": np.concatenate([once, twice, twice])[start : start + 1000]})
        result = hashes.equal_rows(0)
        assert 200 < result.looked_at <= 1000
        assert result.equal / result.looked_at == pytest.approx(1 / 3, abs=0.1)

    def test_text_and_inputs_of_several_types_are_compared(self) -> None:
        hashes = RowHashes()
        text = np.array([b"a", b"b", b"a", b"a"], dtype=object)
        hashes.add({"text": text, "flag": np.array([True, True, True, False]), "x": np.zeros((4, 3), np.float16)})
        assert hashes.equal_rows(0).equal == 2


_PEAK = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
from tensorflow_optimizer.data.check import check_all
from tensorflow_optimizer.data.expected import ExpectedData
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec
inputs, outputs = {{"x": TensorSpec("float32", (None, 64), "")}}, {{"y": TensorSpec("float32", (None, 3), "")}}
spec = SignatureSpec("s", "p", inputs, outputs)
found = check_all(ExpectedData.of(Path({file!r}), spec, None, batched=True), None, 0)
# The peak of this program; that of getrusage begins with the peak of the process that started it.
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
print(found.rows, len(list(found.problems)), peak.split()[1])
"""


class TestMemory:
    def peak(self, file: Path, count: int) -> float:
        root = Path(__file__).parents[3]
        paths = [str(root / "optimizer" / "src"), str(root / "runtime" / "shared" / "src")]
        program = _PEAK.format(paths=paths, file=str(file))
        shown = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
        read, problems, peak = map(int, shown.split())
        assert (read, problems) == (count, 0)
        return peak / 1024

    @pytest.mark.parametrize("suffix", ["jsonl", "csv", "npz", "parquet"])
    def test_it_does_not_grow_with_the_file(self, suffix: str, tmp_path: Path) -> None:
        """The larger file has 92 MB of float64 more, and its check may take less than half of that."""
        block = rows(2000, 64).round(6)
        peaks = []
        for repeats in (10, 100):
            values, labels = np.tile(block, (repeats, 1)), np.arange(2000 * repeats) % 3
            file = tmp_path / f"data.{suffix}"
            if suffix == "npz":
                np.savez_compressed(file, x=values, labels=labels)
            elif suffix == "parquet":
                pq.write_table(pa.table({"x": list(values), "label": labels}), file)
            elif suffix == "csv":
                text = "".join(
                    f"{','.join(map(repr, row))},{number % 3}\n" for number, row in enumerate(block.tolist())
                )
                header = ",".join([*(f"x/{number}" for number in range(64)), "label"])
                file.write_text(f"{header}\n{text * repeats}")
            else:
                lines = "".join(f"{json.dumps({'instances': [row], 'label': 1})}\n" for row in block.tolist())
                file.write_text(lines * repeats)
            peaks.append(self.peak(file, 2000 * repeats))
            file.unlink()
        assert peaks[1] - peaks[0] < 40, peaks
