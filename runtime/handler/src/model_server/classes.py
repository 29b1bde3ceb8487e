"""Class names in answers, for models with labels. Imported only for those."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .description import Signature

MOST = 5


def classes(labels: list[str], signature: Signature, outputs: dict[str, Any]) -> list[list[dict[str, Any]]] | None:
    """Return the best classes of each row, best first; empty if no output has a score for each label."""
    if not signature.batched:
        return None
    for name, tensor in signature.outputs.items():
        if tensor.item_shape == [len(labels)]:
            return [_best(labels, row) for row in outputs[name]]
    return None


def _best(labels: list[str], scores: list[float]) -> list[dict[str, Any]]:
    ranked = sorted(range(len(labels)), key=lambda index: -scores[index])
    return [{"label": labels[index], "score": scores[index]} for index in ranked[:MOST]]
