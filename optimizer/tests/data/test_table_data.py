"""Evaluation data in tables: CSV and Parquet files, which say the same in the same words."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_optimizer.data import Dataset, has_labels, parquet_leaf, parquet_rows, read_dataset
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.sandbox import LeafEndedError
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec

Shape = tuple[int | None, ...]


def signature(
    dtype: str = "float32", outputs: tuple[str, ...] = ("y",), answers: str = "float32", **inputs: Shape
) -> SignatureSpec:
    return SignatureSpec(
        "serving_default",
        "tensorflow/serving/predict",
        {name: TensorSpec(dtype, shape, "") for name, shape in (inputs or {"x": (None, 2)}).items()},
        {name: TensorSpec(answers, (None, 3), "") for name in outputs},
    )


TWO = signature(age=(None, 1), size=(None,))


def write_csv(directory: Path, columns: dict[str, list[Any]]) -> Path:
    file = directory / "data.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return file


def write_parquet(directory: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), directory / "data.parquet", **options)
    return directory / "data.parquet"


FORMATS = pytest.mark.parametrize("write", [write_csv, write_parquet])


def read(path: Path, spec: SignatureSpec | None = None, batched: bool | None = True, **options: Any) -> Dataset:
    return read_dataset(path, spec or signature(), options.get("shapes"), batched=batched, labels=options.get("labels"))


def refusal(path: Path, spec: SignatureSpec | None = None, **options: Any) -> str:
    with pytest.raises(BadInputError) as caught:
        read(path, spec, **options)
    return str(caught.value)


@FORMATS
class TestColumns:
    def test_a_column_is_the_input_of_its_name(self, write: Any, tmp_path: Path) -> None:
        data = read(write(tmp_path, {"size": [1, 2, 3], "label": [0, 1, 2], "age": [30.5, 40.0, 50.0]}), TWO)
        assert data.inputs["age"].tolist() == [[30.5], [40.0], [50.0]]
        assert data.inputs["size"].tolist() == [1, 2, 3]
        assert data.inputs["size"].dtype == np.float32
        assert data.labels["y"].tolist() == [0, 1, 2]

    def test_numbered_columns_are_the_values_of_an_input_in_their_order(self, write: Any, tmp_path: Path) -> None:
        columns = {"x/1": [2, 5], "x/0": [1, 4], "x/3": [4, 7], "x/2": [3, 6]}
        assert read(write(tmp_path, columns), signature(x=(None, 2, 2))).inputs["x"].tolist() == [
            [[1, 2], [3, 4]],
            [[4, 5], [6, 7]],
        ]

    def test_the_columns_of_a_table_without_names_of_inputs_are_the_values_of_the_only_one(
        self, write: Any, tmp_path: Path
    ) -> None:
        data = read(write(tmp_path, {"height": [1, 3], "label": [0, 1], "width": [2, 4]}))
        assert data.inputs["x"].tolist() == [[1, 2], [3, 4]]
        assert data.labels["y"].tolist() == [0, 1]

    def test_labels_of_several_outputs_go_by_their_names(self, write: Any, tmp_path: Path) -> None:
        spec = signature(outputs=("y", "z"), x=(None,))
        assert list(read(write(tmp_path, {"x": [1, 2], "label/z": [0, 1]}), spec).labels) == ["z"]
        assert "the labels of the model's outputs are called label/y, label/z" in refusal(
            write(tmp_path, {"x": [1, 2], "label": [0, 1]}), spec
        )

    def test_labels_may_be_class_names(self, write: Any, tmp_path: Path) -> None:
        file = write(tmp_path, {"a": [1, 2], "b": [1, 2], "label": ["dog", "cat"]})
        assert read(file, labels=["cat", "dog"]).labels["y"].tolist() == [1, 0]
        assert "labels by name; give the class names" in refusal(file)

    def test_text_may_be_an_input_and_a_label(self, write: Any, tmp_path: Path) -> None:
        spec = signature("string", answers="string", x=(None,))
        data = read(write(tmp_path, {"x": ["a, b", "é\n"], "label": ["1", "no"]}), spec)
        assert data.inputs["x"].tolist() == [b"a, b", "é\n".encode()]
        assert data.labels["y"].tolist() == [b"1", b"no"]

    @pytest.mark.parametrize(("dtype", "values"), [("int64", [2**62 + 1, -3]), ("uint8", [0, 255])])
    def test_integers_are_not_rounded(self, dtype: str, values: list[int], write: Any, tmp_path: Path) -> None:
        data = read(write(tmp_path, {"x": values}), signature(dtype, x=(None,)))
        assert (data.inputs["x"].dtype.name, data.inputs["x"].tolist()) == (dtype, values)

    def test_values_that_the_type_cannot_hold_are_refused(self, write: Any, tmp_path: Path) -> None:
        assert "with values that uint8, which the model takes, cannot hold" in refusal(
            write(tmp_path, {"x": [1, 256]}), signature("uint8", x=(None,))
        )

    def test_booleans_are_read(self, write: Any, tmp_path: Path) -> None:
        data = read(write(tmp_path, {"x": [True, False]}), signature("bool", x=(None,)))
        assert data.inputs["x"].tolist() == [True, False]

    @pytest.mark.parametrize(
        ("columns", "text"),
        [
            ({"age": [1]}, "has the columns 'age', and none for the input 'size' of 'serving_default'"),
            ({"age": [1], "size": [1], "id": [7]}, "the columns 'id' are neither inputs of 'serving_default' ('age', "),
            ({"age": [1], "size": [1], "y": [7]}, "if 'y' holds the labels, call it 'label'"),
            ({"age": [1], "size": [1], "labels": [7]}, "if 'labels' holds the labels, call it 'label'"),
            ({"age": [1], "size": [1], "label/z": [7]}, "has the column 'label/z', and the labels of the model's"),
            ({"age": [1], "size": [1], "label": [0], "label/y": [0]}, "two columns hold the labels of the output 'y'"),
            ({"age": [1], "size": [1], "": [7]}, "the columns 3 have no name, or that of another"),
            ({"age/0": [1], "age/1": [1], "size": [1]}, "have the shape [2], but the model takes [1]"),
        ],
    )
    def test_columns_that_do_not_fit_are_named(
        self, columns: dict[str, list[Any]], text: str, write: Any, tmp_path: Path
    ) -> None:
        assert text in refusal(write(tmp_path, columns), TWO)

    def test_all_problems_are_in_one_sentence(self, write: Any, tmp_path: Path) -> None:
        message = refusal(write(tmp_path, {"age": [1], "id": [7], "label/z": [7]}), TWO)
        assert message.startswith("3 problems: (1) ")
        assert all(word in message for word in ("'label/z'", "none for the input 'size'", "'id' are neither"))
        assert "\n" not in message

    @pytest.mark.parametrize("batched", [None, False, True])
    def test_a_row_is_a_sample_of_a_model_for_one_row(self, batched: bool | None, write: Any, tmp_path: Path) -> None:
        data = read(write(tmp_path, {"a": [1, 3], "b": [2, 4]}), signature(x=(1, 2)), batched)
        assert [data.call(row, row + 1)["x"].tolist() for row in (0, 1)] == [[[1, 2]], [[3, 4]]]

    def test_a_row_is_a_whole_input_without_a_batch(self, write: Any, tmp_path: Path) -> None:
        data = read(write(tmp_path, {"x/0": [1, 3], "x/1": [2, 4]}), signature(x=(2,)), batched=None)
        assert (data.batched, data.inputs["x"].tolist()) == (False, [[1, 2], [3, 4]])

    def test_whether_there_are_labels_is_seen_by_the_names(self, write: Any, tmp_path: Path) -> None:
        assert not has_labels(write(tmp_path, {"x": [1], "labelled": [1]}))
        assert has_labels(write(tmp_path, {"x": [1], "label": [1]}))
        assert has_labels(write(tmp_path, {"x": [1], "label/y": [1]}))

    def test_many_rows_keep_their_order(self, write: Any, tmp_path: Path) -> None:
        # More than one chunk of the reader.
        count = 300_000
        data = read(
            write(tmp_path, {"x": list(range(count)), "label": [row % 3 for row in range(count)]}),
            signature("int32", x=(None,)),
        )
        assert np.array_equal(data.inputs["x"], np.arange(count))
        assert np.array_equal(data.labels["y"], np.arange(count) % 3)

    def test_the_only_table_in_a_directory_is_used(self, write: Any, tmp_path: Path) -> None:
        write(tmp_path, {"x": [1]})
        (tmp_path / "README").write_text("about the data")
        assert read(tmp_path, signature(x=(None,))).count == 1


class TestCsv:
    def read_text(self, directory: Path, text: str | bytes, spec: SignatureSpec | None = None) -> Dataset:
        file = directory / "data.csv"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return read(file, spec)

    @pytest.mark.parametrize("text", ["\ufeffa,b\r\n1,2\r\n", "a,b\n1,2", ' a , b \n"1", 2 \n\n', "a,b\n1e0,+2.0\n"])
    def test_what_programs_write_is_read(self, text: str, tmp_path: Path) -> None:
        assert self.read_text(tmp_path, text).inputs["x"].tolist() == [[1, 2]]

    def test_nan_is_a_number(self, tmp_path: Path) -> None:
        assert np.isnan(self.read_text(tmp_path, "a,b\nnan,NaN\n").inputs["x"]).all()

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("a,b\n1,2\n3,x\n4,y\n", "row 3, column 'b' is 'x', and the input 'x' takes float32 (and 1 more)"),
            ("a,b\n1,2\n,4\n", "row 3, column 'a' is empty, and the input 'x' takes float32; fill it, or write nan"),
            ("a,b\n1,1_000\n", "row 2, column 'b' is '1_000'"),
            ("a,b\n1,2\n3\n", "row 3 has 1 values, and the first row 2 columns"),
            ("a,b,label\n1,2,\n", "row 2, column 'label' is empty"),
            ('a,b\n1,"2\n', "is no row of a CSV file"),
            (b"a,b\n1,\xff\n", "is not a text in UTF-8"),
            ("a,a\n1,2\n", "the columns 1, 2 have no name, or that of another ('a')"),
            ("1,2\n", "holds no samples"),
            ("", "is empty (0 bytes)"),
            ("a,b\n" + "9" * 200_000, "field larger than field limit"),
        ],
    )
    def test_errors_name_row_and_column(self, text: str | bytes, words: str, tmp_path: Path) -> None:
        with pytest.raises(BadInputError) as caught:
            self.read_text(tmp_path, text)
        assert words in str(caught.value)

    def test_other_words_are_no_booleans(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError, match="row 2, column 'x' is 'yes', and the input 'x' takes bool"):
            self.read_text(tmp_path, "x\nyes\n", signature("bool", x=(None,)))

    @settings(max_examples=150, derandomize=True, deadline=None)
    @given(
        text=st.text(st.sampled_from('ab/01,"\n\r -.enax\0é'), max_size=60),
        dtype=st.sampled_from(["float32", "int8", "string", "bool"]),
    )
    def test_any_text_is_read_or_refused(self, text: str, dtype: str, tmp_path_factory: pytest.TempPathFactory) -> None:
        directory = tmp_path_factory.mktemp("any")
        message = "data.csv"
        try:
            self.read_text(directory, f"a,b\n{text}", signature(dtype))
        except BadInputError as error:
            message = str(error)
        assert "data.csv" in message


class TestParquet:
    def test_lists_are_tensors(self, tmp_path: Path) -> None:
        values = np.arange(12).reshape(3, 2, 2)
        fixed = pa.FixedSizeListArray.from_arrays(values.ravel(), 4)
        assert (
            read(write_parquet(tmp_path, {"x": values.tolist()}), signature(x=(None, 2, 2))).inputs["x"].tolist()
            == values.tolist()
        )
        assert read(write_parquet(tmp_path, {"x": fixed}), signature(x=(None, 4))).inputs["x"].shape == (3, 4)

    def test_a_name_may_have_a_dot(self, tmp_path: Path) -> None:
        file = write_parquet(tmp_path, {"a.b": [1, 2], "a": [3, 4]})
        spec = signature(**{"a": (None,), "a.b": (None,)})
        assert {name: value.tolist() for name, value in read(file, spec).inputs.items()} == {"a.b": [1, 2], "a": [3, 4]}

    def test_a_label_may_be_a_list(self, tmp_path: Path) -> None:
        file = write_parquet(tmp_path, {"x": [[1, 2]], "label": [[0, 1, 0]]})
        assert read(file).labels["y"].tolist() == [[0, 1, 0]]

    def test_bytes_and_categories_are_read(self, tmp_path: Path) -> None:
        spec = signature("string", x=(None,))
        file = write_parquet(tmp_path, {"x": [b"\xff", b""], "label": pa.array(["b", "a"]).dictionary_encode()})
        data = read(file, spec, labels=["a", "b"])
        assert (data.inputs["x"].tolist(), data.labels["y"].tolist()) == ([b"\xff", b""], [1, 0])

    @pytest.mark.parametrize(
        ("column", "words"),
        [
            (pa.array([[1.0, 2.0], None]), "row 2, column 'x' is null"),
            (pa.array([[1.0, 2.0], [3.0, None]]), "row 2, column 'x' is null"),
            (pa.array([[1.0, 2.0], [3.0]]), "row 2, column 'x' has 1 values, and others have 2"),
            (pa.array([{"a": 1.0}, {"a": 2.0}]), "the column 'x' is struct<a: double>; it must hold numbers"),
            (pa.array([1, 2], pa.timestamp("ms")), "the column 'x' is timestamp[ms]; it must hold numbers"),
            (pa.array(["a", "b"]), "is object, but the model takes float32"),
        ],
    )
    def test_values_that_are_no_tensor_are_named(self, column: pa.Array, words: str, tmp_path: Path) -> None:
        assert words in refusal(write_parquet(tmp_path, {"x": column}))

    def test_rows_of_another_length_further_down_are_refused(self, tmp_path: Path) -> None:
        rows = [[1.0, 2.0]] * 5000 + [[1.0, 2.0, 3.0]] * 5000
        assert "differ" in refusal(write_parquet(tmp_path, {"x": rows})) or "and others have 2" in refusal(
            tmp_path / "data.parquet"
        )

    def test_an_empty_table_is_refused(self, tmp_path: Path) -> None:
        assert "holds no samples" in refusal(write_parquet(tmp_path, {"x": pa.array([], pa.float32())}))

    def test_another_file_of_its_name_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "data.parquet").write_text("nothing")
        assert "data.parquet is not a Parquet file; give an .npz file" in refusal(tmp_path)

    @settings(max_examples=400, derandomize=True, deadline=None)
    @given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
    def test_a_changed_file_is_read_or_fails_with_an_error_that_its_reader_tells(
        self, changes: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        columns = {"x": [[1.0, 2.0]] * 5, "label": [0, 1, 2, 0, 1]}
        content = bytearray(write_parquet(tmp_path_factory.mktemp("any"), columns).read_bytes())
        for place, value in changes:
            content[place % len(content)] = value
        read_rows = 0
        with suppress(*parquet_leaf.damage()), parquet_leaf.open_parquet(io.BytesIO(content)) as opened:
            for arrays, problems in parquet_leaf.rows(opened, "data.parquet", [0, 1]):
                assert problems or len(arrays) == 2
                read_rows += 1
        assert read_rows <= 1

    def test_a_changed_file_is_refused(self, tmp_path: Path) -> None:
        file = write_parquet(tmp_path, {"x": [[1.0, 2.0]] * 500})
        content = file.read_bytes()
        file.write_bytes(content[:8] + bytes(200) + content[208:])
        assert "data.parquet is not a Parquet file, or is cut short or corrupt" in refusal(file)

    def test_a_file_in_a_directory_that_is_closed_to_others_is_read(self, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        file = write_parquet(closed, {"x": [[1.0, 2.0]]})
        file.chmod(0o600)
        assert read(file).inputs["x"].tolist() == [[1.0, 2.0]]

    def test_who_judges_does_not_load_the_library_that_parses_it(self, tmp_path: Path) -> None:
        file = write_parquet(tmp_path, {"x": [[1.0, 2.0]], "label": [1]})
        program = (
            "import sys; from pathlib import Path; from tensorflow_optimizer.data import has_labels, read_dataset; "
            "from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec; "
            "tensors = {'x': TensorSpec('float32', (None, 2), '')}, {'y': TensorSpec('float32', (None, 3), '')}; "
            "spec = SignatureSpec('serving_default', 'tensorflow/serving/predict', *tensors); "
            f"file = Path({str(file)!r}); data = read_dataset(file, spec, None, batched=True, labels=None); "
            "print(has_labels(file), data.count, [name for name in sys.modules if name.startswith('pyarrow')])"
        )
        paths = os.pathsep.join(sys.path)
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "True 1 []\n", done.stderr

    def test_a_reader_that_is_ended_is_not_called_the_model(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = write_parquet(tmp_path, {"x": [[1.0, 2.0]]})
        monkeypatch.setattr(parquet_rows, "_TASK", "crashing_reader:SIGKILL")
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
        with pytest.raises(LeafEndedError, match=r"^the Parquet file's process was killed, most likely because"):
            read(file)

    @pytest.mark.parametrize("signal_number", [signal.SIGSEGV, signal.SIGABRT])
    def test_a_reader_that_crashes_refuses_the_file(
        self, signal_number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = write_parquet(tmp_path, {"x": [[1.0, 2.0]]})
        monkeypatch.setattr(parquet_rows, "_TASK", f"crashing_reader:{signal.Signals(signal_number).name}")
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
        name = signal.Signals(signal_number).name
        assert f"cut short or corrupt (its reader crashed with {name})" in refusal(file)

    @pytest.mark.parametrize("cut", [4, 20, 200, -1])
    def test_a_file_that_was_cut_short_is_refused(self, cut: int, tmp_path: Path) -> None:
        file = write_parquet(tmp_path, {"x": [[1.0, 2.0]] * 500})
        file.write_bytes(file.read_bytes()[:cut])
        assert "cut short or corrupt" in refusal(file)
