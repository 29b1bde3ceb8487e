from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tensorflow_optimizer.data import Dataset, has_labels, read_dataset, split
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

Shape = tuple[int | None, ...]


def signature(dtype: str = "float32", outputs: tuple[str, ...] = ("y",), **inputs: Shape) -> SignatureSpec:
    return SignatureSpec(
        "serving_default",
        "tensorflow/serving/predict",
        {name: TensorSpec(dtype, shape, "") for name, shape in inputs.items()},
        {name: TensorSpec("float32", (None, 3), "") for name in outputs},
    )


ONE = signature(x=(None, 2))
TWO = signature(a=(None, 2), b=(None, 3))


def npz(directory: Path, **arrays: Any) -> Path:
    # Names with a slash are not identifiers.
    np.savez(directory / "data.npz", **{name.replace("__", "/"): value for name, value in arrays.items()})
    return directory / "data.npz"


def lines(directory: Path, *bodies: Any) -> Path:
    file = directory / "data.jsonl"
    file.write_text("".join(f"{body if isinstance(body, str) else json.dumps(body)}\n" for body in bodies))
    return file


def read(path: Path, spec: SignatureSpec = ONE, batched: bool | None = True, **options: Any) -> Dataset:
    shapes = {
        name: [1 if size is None else size for size in tensor.shape or ()] for name, tensor in spec.inputs.items()
    }
    return read_dataset(path, spec, options.get("shapes", shapes), batched=batched, labels=options.get("labels"))


class TestNpz:
    def test_one_input_may_have_any_name(self, tmp_path: Path) -> None:
        data = read(npz(tmp_path, images=np.ones((5, 2)), labels=np.zeros(5, int)))
        assert data.inputs["x"].shape == (5, 2)
        assert data.inputs["x"].dtype == np.float32
        assert data.labels["y"].tolist() == [0] * 5

    def test_several_inputs_go_by_their_names(self, tmp_path: Path) -> None:
        data = read(npz(tmp_path, b=np.ones((4, 3)), a=np.zeros((4, 2))), TWO)
        assert {name: value.shape for name, value in data.inputs.items()} == {"a": (4, 2), "b": (4, 3)}
        assert not data.labels

    def test_labels_of_several_outputs_go_by_their_names(self, tmp_path: Path) -> None:
        spec = signature(outputs=("y", "z"), x=(None, 2))
        data = read(npz(tmp_path, x=np.ones((4, 2)), labels__z=np.ones(4)), spec)
        assert list(data.labels) == ["z"]

    def test_a_row_of_one_may_keep_the_batch(self, tmp_path: Path) -> None:
        assert read(npz(tmp_path, x=np.ones((5, 1, 2)))).inputs["x"].shape == (5, 2)

    def test_without_a_batch_a_sample_is_the_whole_input(self, tmp_path: Path) -> None:
        data = read(npz(tmp_path, x=np.ones((6, 4, 2))), signature(x=(4, 2)), batched=False)
        assert not data.batched
        assert data.call(3, 4)["x"].shape == (4, 2)

    def test_a_fixed_first_dimension_of_one_may_be_omitted(self, tmp_path: Path) -> None:
        data = read(npz(tmp_path, x=np.ones((6, 2))), signature(x=(1, 2)), batched=False)
        assert data.call(0, 1)["x"].shape == (1, 2)

    def test_integers_become_the_floats_that_the_model_takes(self, tmp_path: Path) -> None:
        data = read(npz(tmp_path, x=np.full((3, 2), 255, np.uint8)))
        assert data.inputs["x"].dtype == np.float32
        assert data.inputs["x"].max() == 255

    def test_whole_floats_become_the_integers_that_the_model_takes(self, tmp_path: Path) -> None:
        assert (
            read(npz(tmp_path, x=np.full((3, 2), 7.0)), signature("int32", x=(None, 2))).inputs["x"].dtype == np.int32
        )

    def test_strings_become_bytes(self, tmp_path: Path) -> None:
        data = read(npz(tmp_path, x=np.array(["a", "é"])), signature("string", x=(None,)))
        assert data.inputs["x"].tolist() == [b"a", "é".encode()]

    def test_the_only_file_in_a_directory_is_used(self, tmp_path: Path) -> None:
        npz(tmp_path, x=np.ones((5, 2)))
        (tmp_path / "README").write_text("about the data")
        assert read(tmp_path).count == 5

    def test_labels_may_be_class_names(self, tmp_path: Path) -> None:
        file = npz(tmp_path, x=np.ones((2, 2)), labels=np.array(["dog", "cat"]))
        assert read(file, labels=["cat", "dog"]).labels["y"].tolist() == [1, 0]
        with pytest.raises(BadInputError, match="labels by name; give the class names"):
            read(file)

    def test_whether_there_are_labels_is_seen_without_a_model(self, tmp_path: Path) -> None:
        assert not has_labels(npz(tmp_path, x=np.ones((2, 2))))
        assert has_labels(npz(tmp_path, x=np.ones((2, 2)), labels=np.ones(2)))
        assert has_labels(npz(tmp_path, **{"x": np.ones((2, 2)), "labels/y": np.ones(2)}))
        lines = tmp_path / "data.jsonl"
        for label in ("", ', "label": 1'):
            lines.write_text(f'\n{{"instances": [[1, 2]]{label}}}\n')
            assert has_labels(lines) is bool(label)

    @pytest.mark.parametrize(
        ("arrays", "text"),
        [
            ({"x": np.ones((5, 3))}, r"have the shape \[3\], but the model takes \[2\]"),
            ({"x": np.ones((5, 2)), "labels": np.ones(4)}, "differ in their number of rows"),
            ({"x": np.ones((0, 2))}, "holds no samples"),
            ({"labels": np.ones(4)}, r"has the arrays none, but the inputs of 'serving_default' are 'x'"),
            ({"x": np.ones((5, 2)), "other": np.ones((5, 2))}, "one array per input, under its name$"),
            ({"X": np.ones((5, 2)), "y": np.ones(5)}, "if 'y' holds the labels, call it 'labels'"),
            ({"x": np.ones((5, 2)), "labels__z": np.ones(5)}, "labels for 'z', but the outputs"),
            ({"x": np.array(["a"] * 5)}, r"is <U1, but the model takes float32"),
            ({"x": np.float32(1)}, "is a single value"),
            ({"x": np.array([{"code": 1}], dtype=object)}, "no Python objects"),
            ({"x": np.ones((1, 2)), "labels": np.array(["a"], dtype=object)}, r"text with \.astype\(str\)"),
        ],
    )
    def test_data_that_does_not_fit_is_reported_in_one_sentence(
        self, arrays: dict[str, Any], text: str, tmp_path: Path
    ) -> None:
        with pytest.raises(BadInputError, match=text):
            read(npz(tmp_path, **arrays))

    def test_values_that_would_change_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError, match="with values that uint8, which the model takes, cannot hold"):
            read(npz(tmp_path, x=np.full((3, 2), 0.5)), signature("uint8", x=(None, 2)))

    def test_labels_without_a_name_need_one_output(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError, match="`labels/y`, `labels/z`"):
            read(npz(tmp_path, x=np.ones((5, 2)), labels=np.ones(5)), signature(outputs=("y", "z"), x=(None, 2)))

    def test_a_file_that_was_cut_short_is_refused(self, tmp_path: Path) -> None:
        file = npz(tmp_path, x=np.ones((500, 2)))
        file.write_bytes(file.read_bytes()[:3000])
        with pytest.raises(BadInputError, match="cut short or corrupt"):
            read(file)

    def test_a_file_with_a_damaged_array_is_refused(self, tmp_path: Path) -> None:
        file = npz(tmp_path, x=np.ones((500, 2)))
        content = bytearray(file.read_bytes())
        content[1000] ^= 0xFF
        file.write_bytes(content)
        with pytest.raises(BadInputError, match="cut short or corrupt"):
            read(file)

    def test_text_called_npz_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "data.npz").write_text("nothing")
        with pytest.raises(BadInputError, match=r"is not an \.npz file"):
            read(tmp_path)

    def test_two_files_are_one_too_many(self, tmp_path: Path) -> None:
        npz(tmp_path, x=np.ones((5, 2)))
        lines(tmp_path, {"instances": [[1, 2]]})
        with pytest.raises(
            BadInputError, match=r"exactly one .npz, .jsonl, .csv or .parquet file, found: data.jsonl, data.npz"
        ):
            read(tmp_path)


class TestJsonLines:
    def test_instances_and_inputs_are_the_same_rows(self, tmp_path: Path) -> None:
        data = read(
            lines(
                tmp_path,
                {"instances": [[1, 2]], "label": 0},
                {"inputs": {"x": [[3, 4], [5, 6]]}, "label": [1, 2]},
                {"inputs": [[7, 8]], "label": 0},
                "",
            )
        )
        assert data.inputs["x"].tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
        assert data.labels["y"].tolist() == [0, 1, 2, 0]

    def test_instances_may_name_the_inputs(self, tmp_path: Path) -> None:
        data = read(lines(tmp_path, {"instances": [{"a": [1, 2], "b": [3, 4, 5]}]}), TWO)
        assert data.inputs["b"].tolist() == [[3, 4, 5]]

    def test_a_body_of_one_row_may_list_its_label_as_those_of_several_rows_do(self, tmp_path: Path) -> None:
        file = lines(
            tmp_path, {"instances": [[1, 2], [3, 4]], "label": [0, 1]}, {"inputs": {"x": [[5, 6]]}, "label": [2]}
        )
        assert read(file).labels["y"].tolist() == [0, 1, 2]

    def test_a_label_of_several_numbers_belongs_to_one_row(self, tmp_path: Path) -> None:
        file = lines(tmp_path, {"instances": [[1, 2]], "label": [0, 1]}, {"instances": [[3, 4]], "label": [[1, 0]]})
        assert read(file).labels["y"].tolist() == [[0, 1], [1, 0]]

    def test_labels_may_be_class_names(self, tmp_path: Path) -> None:
        file = lines(tmp_path, {"instances": [[1, 2]], "label": "dog"}, {"instances": [[1, 2]], "label": "cat"})
        assert read(file, labels=["cat", "dog"]).labels["y"].tolist() == [1, 0]

    def test_bytes_are_base64(self, tmp_path: Path) -> None:
        spec = signature("string", x=(None,))
        assert read(lines(tmp_path, {"instances": [{"b64": "aGk="}]}), spec).inputs["x"].tolist() == [b"hi"]

    @pytest.mark.parametrize("batched", [False, None])
    def test_columns_of_an_input_without_a_batch_are_one_sample(self, batched: bool | None, tmp_path: Path) -> None:
        file = lines(tmp_path, *({"inputs": list(range(start, start + 5)), "label": 2} for start in (0, 5, 10)))
        data = read(file, signature(x=(None,)), batched=batched, shapes={"x": [5]})
        assert data.inputs["x"].tolist() == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14]]
        assert data.labels["y"].tolist() == [2, 2, 2]
        assert not data.batched

    def test_the_batch_may_be_given_as_a_shape(self, tmp_path: Path) -> None:
        data = read(lines(tmp_path, {"inputs": [1, 2, 3]}), signature(x=(None,)), batched=None, shapes={"x": [-1]})
        assert data.inputs["x"].tolist() == [1, 2, 3]

    def test_rows_may_omit_a_fixed_batch_of_one(self, tmp_path: Path) -> None:
        file = lines(tmp_path, {"inputs": [[1, 2]]}, {"instances": [[3, 4]]})
        assert read(file, signature(x=(1, 2)), batched=False).inputs["x"].tolist() == [[[1, 2]], [[3, 4]]]

    def test_texts_may_be_labels_of_an_output_of_text(self, tmp_path: Path) -> None:
        spec = dataclasses.replace(ONE, outputs={"y": TensorSpec("string", (None,), "")})
        file = lines(tmp_path, {"instances": [[1, 2]], "label": "dog"}, {"instances": [[1, 2]], "label": "é"})
        assert read(file, spec).labels["y"].tolist() == [b"dog", "é".encode()]
        again = npz(tmp_path, x=np.ones((2, 2)), labels=np.array(["dog", "é"]))
        assert read(again, spec).labels["y"].tolist() == [b"dog", "é".encode()]
        with pytest.raises(BadInputError, match="labels of the output 'y' are int64, but it answers text"):
            read(npz(tmp_path, x=np.ones((2, 2)), labels=np.array([1, 2])), spec)

    @pytest.mark.parametrize("value", [5, 1.5, True, None, ["a", 5], {"text": "a"}])
    def test_other_values_are_not_converted_to_text(self, value: Any, tmp_path: Path) -> None:
        spec = signature("string", x=(None,) if not isinstance(value, list) else (None, 2))
        with pytest.raises(BadInputError, match=r"line 2: input 'x' has the value .* but the model takes strings"):
            read(lines(tmp_path, {"inputs": {"x": ["a"]}}, {"inputs": {"x": [value]}}), spec)

    def test_texts_in_ragged_rows_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError, match="differ in shape, or a row is ragged"):
            read(lines(tmp_path, {"instances": [["a", "b"]]}, {"instances": [["c"]]}), signature("string", x=(None, 2)))

    @pytest.mark.parametrize(
        ("bodies", "text"),
        [
            (["{"], "line 1 is not JSON"),
            ([{"instances": [[1, 2]], "label": 1}, {"instances": [[1, 2]], "label": None}], "not all numbers or all"),
            ([{"instances": [[1, 2]]}, [1]], "line 2 has list"),
            ([{"label": 1}], "line 1 has label"),
            ([{"instances": [[1, 2]], "inputs": [[1, 2]]}], "a line is a REST body"),
            ([{"instances": []}], "at least one instance"),
            ([{"instances": [[1, 2]], "label": 1}, {"instances": [[1, 2]]}], "1 of 2 lines have a label"),
            ([{"instances": [[1, 2], [3, 4]], "label": 1}], "2 rows need a list of 2 labels"),
            ([{"instances": [[1, 2]]}, {"instances": [[1]]}], "differ in shape, or a row is ragged"),
            ([{"instances": [{"z": [1, 2]}]}], "an instance has z, expected x"),
            ([{"inputs": {"z": [[1, 2]]}}], '"inputs" has z, expected x'),
            ([{"instances": [[1, 2]], "signature_name": "other"}], "for the signature 'other'"),
            ([{"instances": [[1, 2]], "label": "dog"}], "labels by name; give the class names"),
            ([{"instances": [[1, 2]], "label": {"z": 1}}], "labels for 'z', but the outputs are 'y'"),
        ],
    )
    def test_errors_name_their_line(self, bodies: list[Any], text: str, tmp_path: Path) -> None:
        with pytest.raises(BadInputError, match=text):
            read(lines(tmp_path, *bodies))

    @pytest.mark.parametrize(("name", "content"), [("rows.tsv", b"a\tb\n1\t2\n"), ("rows.parquet", b"\x15\x04\xff")])
    def test_a_file_of_another_kind_is_told_what_is_accepted(self, name: str, content: bytes, tmp_path: Path) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(
            BadInputError, match=rf"^{name}.*; give an \.npz file .*, a \.jsonl file .* or a directory of images"
        ):
            read(tmp_path / name)


class TestSplits:
    data = Dataset({"x": np.arange(1000).reshape(1000, 1)}, batched=True)

    def parts(self, seed: int, **needs: bool) -> list[set[int]]:
        splits = split(self.data, seed, **needs)
        return [set(part.inputs["x"].ravel().tolist()) for part in (splits.calibration, splits.selection, splits.gate)]

    @pytest.mark.parametrize("needs", [{}, {"calibrate": True}, {"select": True}, {"calibrate": True, "select": True}])
    def test_splits_are_disjoint_and_complete(self, needs: dict[str, bool]) -> None:
        calibration, selection, gate = self.parts(0, **needs)
        assert not calibration & selection
        assert not (calibration | selection) & gate
        assert len(calibration | selection | gate) == 1000
        assert bool(calibration) is needs.get("calibrate", False)
        assert bool(selection) is needs.get("select", False)

    def test_the_seed_determines_the_splits(self) -> None:
        assert self.parts(1, calibrate=True) == self.parts(1, calibrate=True)
        assert self.parts(1, calibrate=True) != self.parts(2, calibrate=True)
