"""keys/<build key>/kept.json: the version that serves instead of a job whose candidates were all refused.

One entry for each attempt. `kept.schema.json` describes it.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from ..errors import ModelError

if TYPE_CHECKING:
    from ..store import Store

SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Refusal:
    """One attempt of a job that was refused, and the version that is served instead.

    Attributes:
        attempt: Which attempt of the job.
        reason: The optimizer's sentence.
        reportKey: Key of the refused build's report; empty if it left none.
        buildUrl: The refused build in the console.
        refusedAt: When it was refused, in UTC.
        keptBuildKey: Build key of the version that is kept.
        keptVersion: Its number.
    """

    attempt: str
    reason: str
    reportKey: str  # noqa: N815 - names of the document
    buildUrl: str  # noqa: N815 - the document's name
    refusedAt: str  # noqa: N815 - the document's name
    keptBuildKey: str  # noqa: N815 - the document's name
    keptVersion: str  # noqa: N815 - the document's name


def read_refusal(store: Store, prefix: str, key: str, attempt: str) -> Refusal | None:
    """Return the refusal of one attempt of a job, or None if this attempt was not refused."""
    return next((refusal for refusal in read_refusals(store, _path(prefix, key)) if refusal.attempt == attempt), None)


def read_refusals(store: Store, path: str) -> list[Refusal]:
    """Return all refusals that a kept.json records."""
    return _refusals(store.address(path), store.read(path))


def write_refusal(store: Store, prefix: str, key: str, refusal: Refusal) -> None:
    """Record a refusal in place of an earlier one of the same attempt, beside those of other attempts."""
    path = _path(prefix, key)

    def changed(content: bytes | None) -> str:
        others = [entry for entry in _refusals(store.address(path), content) if entry.attempt != refusal.attempt]
        document = {
            "schemaVersion": SCHEMA_VERSION,
            "refusals": [dataclasses.asdict(entry) for entry in [*others, refusal]],
        }
        return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    store.write(path, changed)


def _path(prefix: str, key: str) -> str:
    return f"{prefix}/keys/{key}/kept.json"


def _refusals(address: str, content: bytes | None) -> list[Refusal]:
    if content is None:
        return []
    try:
        document: dict[str, Any] = json.loads(content)
        return [Refusal(**refusal) for refusal in document["refusals"]]
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f"{address} is not a list of refusals as a deployment writes it: restore its previous object version, or "
            "delete it, after which a refused model is built once more"
        ) from error
