"""Refuses operations that act on more than their model: on files, other processes, the network, or this process.

Each of them is in side_effects.json with what it could do, and so is each other operation of TensorFlow that is
stateful or takes a text which could be a path; a test finds one that is in neither list. Those that only take a text
are named as `stateless` too.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import UnsupportedError
from ..hints import Hint
from .free_operations import FreeOperations
from .scopes import MAIN, Place, Scopes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

#: The file is as long as TensorFlow's registry, and only this module reads it.
_FILE = Path(__file__).with_name("side_effects.json")
_MOST_PLACES = 3
_LONGEST_NAME = 80
_INITIALIZERS = ("__saved_model_init_op", "__saved_model_train_op")
_MAIN_OPS = ("saved_model_main_op", "legacy_init_op")


class Effect(NamedTuple):
    """An effect that an operation could have beyond its outputs."""

    could: str
    attribute: str | None
    """Attribute of the operation that decides; None: the effect is always possible."""
    free: str
    """A regular expression for the values of the attribute with which it does not."""

    def of(self, node: Any) -> bool:
        """Say whether a node has the effect."""
        if self.attribute is None or self.attribute not in node.attr:
            # TensorFlow's defaults have none.
            return self.attribute is None
        value = node.attr[self.attribute]
        kind = value.WhichOneof("value")
        if kind not in ("s", "list"):
            # Each caller of the function gives it.
            return True
        texts = [value.s] if kind == "s" else list(value.list.s)
        return not all(re.fullmatch(self.free, text.decode("utf-8", "replace")) for text in texts)


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return table


@cache
def effects() -> dict[str, Effect]:
    """Return every operation with side effects, by its name."""
    effects_by_operation = {}
    for entry in _table()["effects"]:
        free = entry.get("free", {"attribute": None, "matches": ""})
        for operation in entry["operations"]:
            effects_by_operation[operation] = Effect(entry["could"], free["attribute"], free["matches"])
    return effects_by_operation


def is_stateful(operation: str) -> bool:
    """Say whether TensorFlow calls an operation stateful: two with the same operands may differ."""
    return operation in _stateful()


@cache
def _stateful() -> frozenset[str]:
    table = _table()
    listed = (name for group in ("effects", "harmless") for entry in table[group] for name in entry["operations"])
    return frozenset(listed) - frozenset(table["stateless"])


def refuse_side_effects(meta_graphs: Iterable[Any], allowed: Collection[str]) -> None:
    """Refuse a SavedModel with operations that act on more than it, whatever would run them.

    Free are its own saver and the tables that are filled from its own assets.

    Args:
        meta_graphs: All of its file, because others than the one to serve can be run too.
        allowed: Operations that the user has allowed.

    Raises:
        UnsupportedError: It has others, or `allowed` names no such operation.
    """
    unknown = sorted(set(allowed) - effects().keys())
    if unknown:
        raise UnsupportedError(
            f"{', '.join(map(_short, unknown))} cannot be allowed: it is no operation of TensorFlow "
            f"{'that acts' if len(unknown) == 1 else 'that act'} on more than its model, and needs no permission; "
            "leave it out",
            Hint.ALLOWED_OPERATIONS,
        )
    acting: dict[str, Counter[str]] = {}
    for meta_graph in meta_graphs:
        for operation, where in _with_effect(meta_graph, allowed):
            acting.setdefault(operation, Counter())[where] += 1
    if acting:
        texts = [
            f"{operation} could {effects()[operation].could} ({_listed(places)})"
            for operation, places in acting.items()
        ]
        raise UnsupportedError(
            f"the model has operations that act on more than the model itself: {'; '.join(sorted(texts))}; export it "
            "without them, or allow the ones that it needs, if you trust who made it",
            Hint.ALLOWED_OPERATIONS,
        )


def _with_effect(meta_graph: Any, allowed: Collection[str]) -> list[tuple[str, str]]:
    """Return operation and place of each that is neither free nor allowed."""
    known = effects()
    scopes = Scopes(meta_graph)
    places = [place for place in scopes.places() if place.node.op in known and place.node.op not in allowed]
    suspects = [place for place in places if known[place.node.op].of(place.node)]
    free = FreeOperations(meta_graph, scopes) if suspects else None
    not_free = [place for place in suspects if free is None or not free.has(place)]
    reached = _reached_from(meta_graph, scopes) if not_free else {}
    return [(place.node.op, _where(place, reached)) for place in not_free]


def _reached_from(meta_graph: Any, scopes: Scopes) -> dict[str, set[tuple[str, str]]]:
    """Return what the signatures and the initializers reach, by their description."""
    roots: dict[str, list[str]] = {}
    for name, signature in meta_graph.signature_def.items():
        text = "the initializer" if name in _INITIALIZERS else f"the signature {_short(name)}"
        roots.setdefault(text, []).extend(info.name for info in signature.outputs.values())
    for name in _MAIN_OPS:
        if name in meta_graph.collection_def:
            roots.setdefault("the initializer", []).extend(meta_graph.collection_def[name].node_list.value)
    saver = meta_graph.saver_def
    roots["the saver"] = [saver.save_tensor_name, saver.restore_op_name]
    return {text: scopes.reached(names) for text, names in roots.items()}


def _where(place: Place, reached: dict[str, set[tuple[str, str]]]) -> str:
    by = [text for text, nodes in reached.items() if (place.scope, place.node.name) in nodes]
    if place.scope == MAIN:
        return _listed(Counter(by)) if by else f"the node {_short(place.node.name)}, which nothing reaches"
    return f"the function {_short(place.scope)}{' of ' if by else ''}{_listed(Counter(by))}"


def _listed(places: Counter[str]) -> str:
    names = sorted(places)
    more = f" and {len(names) - _MOST_PLACES} more" if len(names) > _MOST_PLACES else ""
    return ", ".join(names[:_MOST_PLACES]) + more


def _short(name: str) -> str:
    """Return a name of a stranger's on one line."""
    text = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    return ascii(text)
