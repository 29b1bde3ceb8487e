from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tensorflow_optimizer.converting import Framework, framework_of
from tensorflow_optimizer.converting.batches import answers_of, by_name, quiet
from tensorflow_optimizer.converting.convert import convert
from tensorflow_optimizer.converting.factory import made_by, named
from tensorflow_optimizer.converting.rows import read_rows
from tensorflow_optimizer.errors import BadInputError, UnsupportedError

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Sandbox


@pytest.fixture(autouse=True)
def _own_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what a factory adds to the imports: a job ends with its process, and these tests do not."""
    monkeypatch.setattr(sys, "path", sys.path.copy())


class TestTheModel:
    @pytest.mark.parametrize(
        ("model", "framework"), [("a/b.onnx", Framework.ONNX), ("B.ONNX", Framework.ONNX), ("m.py:make", Framework.JAX)]
    )
    def test_its_path_names_the_framework(self, model: str, framework: Framework) -> None:
        assert framework_of(model) is framework

    @pytest.mark.parametrize("model", ["program.pt2", "model.py", "model.py:", "model.py:1st", "saved_model"])
    def test_others_are_refused_with_what_can_be_converted(self, model: str) -> None:
        with pytest.raises(BadInputError, match=r"give a \.onnx file, or a factory of a function of JAX"):
            framework_of(model)

    def test_a_factory_may_import_what_is_beside_it(self, tmp_path: Path) -> None:
        (tmp_path / "weights_of_a_sample.py").write_text("FACTOR = 3\n")
        (tmp_path / "model.py").write_text(
            "from weights_of_a_sample import FACTOR\ndef make():\n    return lambda x: x * FACTOR\n"
        )
        assert made_by(str(tmp_path / "model.py"), "make")(2) == 6

    @pytest.mark.parametrize(
        ("code", "sentence"),
        [
            ("def make(: pass", "model.py:make failed"),
            ("import no_such_module", "No module named 'no_such_module'"),
            ("def other(): pass", "has no function 'make'"),
            ("def make(): open('/nowhere')", "without a network, and may read the files beside it"),
        ],
    )
    def test_a_factory_that_fails_is_named_with_its_reason(self, tmp_path: Path, code: str, sentence: str) -> None:
        (tmp_path / "model.py").write_text(code)
        with pytest.raises(BadInputError, match=sentence):
            made_by(str(tmp_path / "model.py"), "make")

    def test_outputs_are_named_by_the_model_or_by_the_options(self) -> None:
        assert list(named({"a": 1, "b": 2}, [])) == ["a", "b"]
        assert list(named((1, 2), ["x", "y"])) == ["x", "y"]
        assert list(named(1, [])) == ["output"]
        with pytest.raises(BadInputError, match="answers 2 outputs without names, and --output names 0"):
            named((1, 2), [])
        with pytest.raises(BadInputError, match="leave --output out"):
            named({"a": 1}, ["b"])


class TestTheRows:
    def write(self, directory: Path, **arrays: Any) -> Path:
        np.savez(directory / "rows.npz", **{name.replace("__", "/"): value for name, value in arrays.items()})
        return directory / "rows.npz"

    def test_labels_are_kept_and_the_answers_are_beside_them(self, tmp_path: Path) -> None:
        rows = read_rows(self.write(tmp_path, x=np.ones((3, 2)), labels=np.zeros(3)))
        rows.write(tmp_path / "data.npz", {"y": np.ones((3, 1))}, "JAX 1")
        with np.load(tmp_path / "data.npz") as data:
            assert sorted(data) == ["labels", "reference", "reference/y", "x"]
            assert str(data["reference"]) == "JAX 1"

    def test_everything_that_is_wrong_is_said_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError) as error:
            read_rows(self.write(tmp_path, x=np.ones((3, 2)), y=np.ones((2, 2)), reference__z=np.ones((3, 1))))
        assert "has answers already (reference/z)" in str(error.value)
        assert "x: 3, y: 2" in str(error.value)

    def test_a_file_of_another_kind_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError, match=r"is no \.npz file"):
            read_rows(tmp_path / "rows.csv")

    def test_arrays_go_by_the_names_of_the_inputs(self) -> None:
        one, two = np.ones((2, 1)), np.zeros((2, 1))
        assert list(by_name({"anything": one}, ["x"])) == ["x"]
        assert list(by_name({"b": two, "a": one}, ["a", "b"])) == ["a", "b"]
        with pytest.raises(BadInputError, match="the inputs of the model are 'a', 'b'"):
            by_name({"a": one, "c": two}, ["a", "b"])

    def test_rows_are_answered_in_batches(self) -> None:
        sizes = []

        def run(rows: Any) -> Any:
            sizes.append(len(rows["x"]))
            return {"y": rows["x"] * 2}

        answers = answers_of(run, {"x": np.arange(70.0)[:, np.newaxis]})
        assert sizes == [32, 32, 6]
        assert answers["y"][:, 0].tolist() == (np.arange(70.0) * 2).tolist()

    def test_an_output_that_is_no_answer_for_each_row_is_refused(self) -> None:
        with pytest.raises(BadInputError, match=r"'y' has the shape \[3\] for 2 rows"):
            answers_of(lambda _: {"y": np.ones(3)}, {"x": np.ones((2, 1))})


def end() -> None:
    """End as a converter that gives up."""
    with quiet("the converter"):
        print("ERROR: no such operation")
        raise SystemExit(1)


def test_a_converter_that_ends_the_process_is_an_error_with_its_reason() -> None:
    with pytest.raises(UnsupportedError, match=r"the converter cannot convert the model \(ERROR: no such operation\)"):
        end()


@pytest.mark.parametrize(
    ("task", "sentence"),
    [("lies", r"the output 'y' has the shape \[1, 2\] for 3 rows"), ("leaves_more", "left other, which the optimizer")],
)
def test_the_models_process_is_not_believed(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, sentence: str
) -> None:
    from tensorflow_optimizer.converting import convert as module

    monkeypatch.setattr(module, "_TASKS", {Framework.ONNX: f"lying_converters:{task}"})
    (tmp_path / "model.onnx").write_bytes(b"")
    np.savez(tmp_path / "rows.npz", x=np.ones((3, 2)))
    with pytest.raises(Exception, match=sentence):
        convert(sandbox, str(tmp_path / "model.onnx"), tmp_path / "rows.npz", tmp_path / "out")
    assert not any((tmp_path / "out").glob("*"))
