"""Jobs whose model takes text and categories."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from sample_jobs import FULL_INTEGER, gate
from sample_text_models import ABOUT_DOGS, TEXTS, columns, trained, vectorized, vectorizing
from tensorflow_optimizer.documents.manifest import Runtime
from tensorflow_optimizer.documents.text import TextDescription
from tensorflow_optimizer.proof.native_program import PROGRAM_VARIABLE, find_program

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs

# The job as such is tested without it, too: nothing is published that no program was proved for.
needs_program = pytest.mark.skipif(find_program() is None, reason="the native program is not compiled")


def _files(result: Result) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (result.output / "model").iterdir()}


@needs_program
def test_a_classifier_of_texts_is_published_with_its_steps_and_its_words(tmp_path: Path, runs: Runs) -> None:
    data = tmp_path / "texts.jsonl"
    rows = zip(TEXTS * 3, ABOUT_DOGS * 3, strict=True)
    lines = [{"instances": [[text]], "label": label} for text, label in rows]
    data.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    result = runs(trained(tmp_path / "model"), data, recipe="none")
    assert result.outcome.original is not None
    assert result.outcome.original.outputs["output_0"].accuracy == 1
    published, files = result.published, _files(result)
    assert files.keys() == {"model.tflite", "text.json", "text-0.table"}
    assert published.requirements.runtime is Runtime.NATIVE
    assert published.text is not None
    assert published.text.sha256 == hashlib.sha256(files["text.json"]).hexdigest()
    (table,) = TextDescription.model_validate_json(files["text.json"]).tables
    assert table.sha256 == hashlib.sha256(files["text-0.table"]).hexdigest()
    signature = published.signatures[published.default_signature]
    assert signature.inputs["text"].dtype == "string"
    assert signature.inputs["text"].shape == [-1, 1]
    assert signature.file_inputs is not None
    golden = json.loads((result.output / "golden.json").read_bytes())
    assert golden["requests"][0]["request"]["instances"] == [[TEXTS[0]]]


@needs_program
def test_a_keras_file_with_a_layer_of_texts_is_published(tmp_path: Path, runs: Runs) -> None:
    vectorizing().save(tmp_path / "model.keras")
    result = runs(tmp_path / "model.keras", recipe="none")
    assert result.published.signatures["serving_default"].inputs["text"].dtype == "string"
    assert "text.json" in _files(result)


@needs_program
def test_the_numbers_behind_categories_are_quantized_with_the_rows_of_the_table(tmp_path: Path, runs: Runs) -> None:
    data = tmp_path / "table.csv"
    pairs = [(city, code) for city in ("rome", "oslo", "x", "") for code in (12, 7)]
    # The range of the generated inputs, by which the alias of the signature is measured.
    rows = [f"{city},{code},{number % 13 / 2 - 3},{number % 7 - 3}" for number, (city, code) in enumerate(pairs * 16)]
    data.write_text("\n".join(["city,code,numbers/0,numbers/1", *rows]), encoding="utf-8")
    allowed = gate(("maxRelativeError", 0.2))
    result = runs(columns(tmp_path / "model"), data, recipe=FULL_INTEGER, gate=allowed)
    assert result.published.candidate == "fullInteger"
    signature = result.published.signatures["serving_default"]
    assert {name: tensor.dtype for name, tensor in signature.inputs.items()} == {
        "city": "string",
        "code": "int64",
        "numbers": "float32",
    }


@needs_program
def test_a_program_that_makes_other_numbers_of_texts_serves_none(
    tmp_path: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorflow_optimizer.pipeline import litert_original

    def swapped(*given: Any) -> Any:
        made, selection = split_model(*given)
        path = made.directory / "text.json"
        content = json.loads(path.read_bytes())
        for part in content["signatures"].values():
            del part["steps"][0]  # StringLower
            for step in part["steps"]:
                step["inputs"] = [0 if number == 12 else number - (number > 12) for number in step["inputs"]]
                step["outputs"] = [number - 1 for number in step["outputs"]]
            for fed in part["fed"]:
                fed["value"] -= 1
        path.write_text(json.dumps(content), encoding="utf-8")
        TextDescription.model_validate_json(path.read_bytes())
        return made, selection

    split_model = litert_original.split_model
    monkeypatch.setattr(litert_original, "split_model", swapped)
    result = runs(vectorized(tmp_path / "model"), recipe="none")
    assert result.draft is None
    assert "makes other numbers of texts or categories than TensorFlow" in result.sentence


def test_a_model_of_text_passes_the_gate_and_is_not_published_without_the_program_that_takes_text(
    tmp_path: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROGRAM_VARIABLE, "/nowhere")
    result = runs(vectorized(tmp_path / "model"), recipe="none")
    assert result.draft is None
    assert "the native program was not found, and nothing else takes text" in result.sentence
    (candidate,) = result.outcome.candidates
    assert candidate.metrics is not None
    assert candidate.metrics.outputs["output_0"].relative_error == 0


def test_steps_that_train_are_refused_for_a_model_of_text(tmp_path: Path, runs: Runs) -> None:
    pruning = {"kind": "steps", "steps": [{"step": "pruning", "sparsity": 0.5}]}
    result = runs(vectorized(tmp_path / "model"), recipe=pruning)
    assert result.draft is None
    assert "pruning" in result.sentence
