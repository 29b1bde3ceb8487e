"""The optimizer's texts name nothing of the CDK's library: its fronts translate hints."""

from __future__ import annotations

import ast
import functools
import json
import re
from pathlib import Path

import pytest
from tensorflow_optimizer.command_line.failure import name_hints
from tensorflow_optimizer.documents.export_schemas import schema_file
from tensorflow_optimizer.documents.outcome import Outcome
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.hints import Hint

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "optimizer" / "src"
#: A word of TensorFlow, and members of the record that `publish` prints.
HARMLESS = {"SavedModel", "manifestKey", "manifestSha256"}


@functools.cache
def library_names() -> tuple[set[str], set[str]]:
    """Return the names that no prose has by chance, and the names of types."""
    anchors = re.findall(r'<a id="([A-Za-z]\w*(?:\.\w+)*)"', (ROOT / "API.md").read_text(encoding="utf-8"))
    parts = [anchor.split(".") for anchor in anchors]
    names = {part for entry in parts for part in entry if re.search(r"[a-z][A-Z]", part)}
    return names, {entry[0] for entry in parts if len(entry) > 1}


@functools.cache
def names_of_job_files() -> set[str]:
    """Return the members of job.json and their fixed values, which a user who writes one is told."""
    schema = schema_file("job.schema.json").read_text(encoding="utf-8")
    return set(re.findall(r'"(\w+)"', schema))


def texts(source: str) -> list[str]:
    """Return comments, and strings that are more than one name: names alone are data."""
    nodes = list(ast.walk(ast.parse(source)))
    parts = [part for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values]
    alone = [node for node in nodes if isinstance(node, ast.Constant) and node not in parts]
    strings = [node.value for node in parts if isinstance(node, ast.Constant)]
    strings += [node.value for node in alone if isinstance(node.value, str) and not re.fullmatch(r"[\w.]*", node.value)]
    # Names of the optimizer's own modules stand in examples.
    strings = [re.sub(r"^>>> .*$", "", text, flags=re.MULTILINE) for text in strings]
    return [*strings, *re.findall(r"#.*", source)]


def found_in(text: str) -> set[str]:
    names, types = library_names()
    words = {word for word in re.findall(r"\b[A-Za-z]\w*\b", text) if word in names}
    members = set(re.findall(rf"\b(?:{'|'.join(types)})\.\w+", text))
    calls = set(re.findall(r"\b\w+\((?:…)?\)", text)) & {
        f"{anchor}({inside})" for anchor in FACTORIES for inside in ("", "…")
    }
    return (words | members | calls | set(re.findall(r"\bCDK\b", text))) - HARMLESS


#: Static methods whose names are plain words.
FACTORIES = ("strip", "freeze", "search", "none", "of", "into", "magnitude", "float16", "bfloat16")


def test_the_search_finds_such_words() -> None:
    names, types = library_names()
    assert {"EvaluationData", "forLiteRt", "inputShapes", "serverImage", "computeType", "minAgreement"} <= names
    assert {"Graph", "Distillation", "QualityGate"} <= types
    assert found_in("give EvaluationData") == {"EvaluationData"}
    assert found_in("leave Graph.strip() out") == {"Graph.strip", "strip()"}
    assert found_in("use of(…)") == {"of(…)"}
    assert texts('raise E(f"tags {x}", "stateful", "a b")  # yes') == ["tags ", "a b", "# yes"]


@pytest.mark.parametrize("file", sorted(SOURCES.rglob("*.py")), ids=lambda file: str(file.relative_to(SOURCES)))
def test_no_text_has_a_name_of_the_library(file: Path) -> None:
    allowed = names_of_job_files() if file.name == "hints.py" else set()
    found = {name: text for text in texts(file.read_text(encoding="utf-8")) for name in found_in(text) - allowed}
    assert not found


@pytest.mark.parametrize("file", sorted(SOURCES.rglob("templates/*")), ids=lambda file: file.name)
def test_no_template_has_a_name_of_the_library(file: Path) -> None:
    assert not found_in(re.sub(r"{[{%].*?[%}]}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL))


def test_every_hint_is_used() -> None:
    """A hint that no error has would have names for nothing."""
    text = "".join(file.read_text(encoding="utf-8") for file in SOURCES.rglob("*.py") if file.name != "hints.py")
    computed = {Hint.DISTILLATION, Hint.PRUNING, Hint.STRIP, Hint.FREEZE}
    assert [hint for hint in Hint if f"Hint.{hint.name}" not in text and hint not in computed] == []


def test_a_hint_is_given_once(capsys: pytest.CaptureFixture[str]) -> None:
    name_hints([Hint.EVALUATION_DATA, Hint.TAGS, Hint.EVALUATION_DATA])
    assert capsys.readouterr().err.splitlines() == ["evaluation data: --data FILE", "tags: --tag NAME"]


def test_the_outcome_of_an_error_has_its_hints() -> None:
    outcome = Outcome.of_error(BadInputError("give data", Hint.EVALUATION_DATA))
    assert json.loads(outcome.to_json())["hints"] == ["evaluation_data"]


def test_the_schema_closes_the_list() -> None:
    schema = json.loads(schema_file("outcome.schema.json").read_text(encoding="utf-8"))
    assert schema["$defs"]["Hint"]["enum"] == [hint.value for hint in Hint]
