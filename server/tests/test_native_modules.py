"""The modules of the Rust crate import each other in one direction only."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
_TESTS = re.compile(r"#\[cfg\(test\)\]\n(?:pub\([^)]*\) )?mod tests.*", re.DOTALL)
_USE = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);", re.MULTILINE)
_NO_IMPORT = re.compile(r"//[^\n]*|pub\(in [^)]*\)|\$crate::\w+")

Module = tuple[str, ...]


def leaves(tree: str) -> list[Module]:
    """Return the paths of a `use` declaration, such as those of `super::{a, b::{self, c}}`."""
    found: list[Module] = []
    for part in re.findall(r"(?:[^,{}]|\{(?:[^{}]|\{[^{}]*\})*\})+", tree):
        prefix, brace, inner = part.strip().partition("{")
        path = tuple(name for name in prefix.split(" as ")[0].strip().split("::") if name)
        found += [path + leaf for leaf in leaves(inner.rpartition("}")[0])] if brace else [path]
    return found


def modules(source: Path) -> dict[Module, str]:
    """Return the text of each file by its module, without tests and comments."""
    found = {}
    for file in source.rglob("*.rs"):
        parts = file.relative_to(source).with_suffix("").parts
        module = parts[:-1] if parts[-1] in {"mod", "lib"} else parts
        found[module] = _NO_IMPORT.sub("", _TESTS.sub("", file.read_text(encoding="utf-8")))
    return found


def imports(texts: dict[Module, str]) -> dict[Module, set[Module]]:
    """Return what each module imports, or names by a path; modules within a file count as modules of their own."""
    inline = {(*module, name) for module, text in texts.items() for name in re.findall(r"\bmod (\w+) \{", text)}
    known = texts.keys() | inline
    found: dict[Module, set[Module]] = {}
    for module, text in texts.items():
        children = re.findall(r"\bmod (\w+);", text)
        paths = [path for tree in _USE.findall(text) for path in leaves(tree)]
        names = "|".join(["crate", "super", *children])
        paths += [tuple(path.split("::")) for path in re.findall(rf"(?<![:\w])((?:{names})(?:::\w+)+)", text)]
        found[module] = {target for path in paths if (target := resolve(module, path, known)) != module} & known
    return found


def resolve(module: Module, path: Module, known: set[Module]) -> Module:
    """Return the innermost module of a path that `module` names; `module` itself where it is of another crate."""
    base, names = module, list(path)
    if names[0] == "crate":
        base, names = (), names[1:]
    elif names[0] == "self":
        names = names[1:]
    elif names[0] != "super" and (*module, names[0]) not in known:
        return module
    while names and names[0] == "super":
        base, names = base[:-1], names[1:]
    while names and (*base, names[0]) in known:
        base, names = (*base, names[0]), names[1:]
    return base


def test_no_module_imports_one_that_imports_it() -> None:
    found = imports(modules(SOURCE))

    assert ("rest", "request") in found[("rest", "read")]
    assert ("server", "grpc", "proto") in found[("server", "grpc", "tensor")]
    TopologicalSorter(found).prepare()


@pytest.mark.parametrize(
    "other",
    ["use super::a::A;", "use crate::{a::A, c};", "fn b() -> super::a::A {}", "use super::{c, a::{self, A}};"],
)
def test_a_cycle_is_noticed(other: str) -> None:
    texts = {(): "mod a;\nmod b;", ("a",): "use super::b::B;", ("b",): other, ("c",): ""}

    with pytest.raises(CycleError):
        TopologicalSorter(imports(texts)).prepare()


def test_the_entry_of_each_room_has_one_example_that_cargo_runs() -> None:
    entries = sorted(SOURCE.glob("*/mod.rs"))
    assert len(entries) >= 9
    for entry in entries:
        about = [line for line in entry.read_text(encoding="utf-8").splitlines() if line.startswith("//!")]
        assert about.count("//! ```") == 2, entry
