"""Finds the record of the version that a build key has made, and converts it for CloudFormation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk_tensorflow_shared import published_versions

from ..errors import ModelError, in_one_line, shorten

if TYPE_CHECKING:
    from ..store import Store

#: Attributes of the custom resource. The optimizer generates the schema from its own model of a record.
ATTRIBUTES = tuple(json.loads((Path(__file__).parent / "record.schema.json").read_text(encoding="utf-8"))["properties"])

#: Maximum bytes of the attributes: CloudFormation accepts 4,096 for the whole response, including IDs.
LONGEST_DATA = 3_000
_LONGEST_SUMMARY = 400


def find_record(store: Store, prefix: str, key: str) -> dict[str, str] | None:
    """Return the record of the lowest complete version of this build key, which has the mark of success."""
    record = published_versions.find_record(store, prefix, key)
    return None if record is None else to_data(record)


def find_served(store: Store, prefix: str, key: str) -> dict[str, str] | None:
    """Return the record of the version that a stack serves by this build key.

    A stack may serve one that was published before records had a mark of success. It is found where no other is.
    """
    record = published_versions.find_record(store, prefix, key)
    record = record or published_versions.find_record(store, prefix, key, unmarked=True)
    return None if record is None else to_data(record)


def find_version(store: Store, prefix: str, key: str, version: int | str) -> dict[str, str] | None:
    """Return the record of one version that a stack serves; None if it is no longer complete."""
    record = published_versions.read_record(store, prefix, key, version, unmarked=True)
    return None if record is None else to_data(record)


def is_marked(record: dict[str, str]) -> bool:
    """Tell whether a record has the mark of success."""
    return record.get("Status") == published_versions.SUCCEEDED


def to_data(record: dict[str, Any], **more: str) -> dict[str, str]:
    """Return a record as the custom resource's data: every attribute as text, short enough for CloudFormation."""
    data = {name: in_one_line(str(record.get(name) or "")) for name in ATTRIBUTES} | more
    data["Summary"] = shorten(data["Summary"], _LONGEST_SUMMARY)
    data["Isolation"] = shorten(data["Isolation"], _LONGEST_SUMMARY)
    if _size_of(data) > LONGEST_DATA:
        data["Summary"] = data["BuildUrl"] = data["Isolation"] = ""
    if _size_of(data) > LONGEST_DATA:
        raise ModelError(
            f"what CloudFormation has to be told of version {data['Version']} has {_size_of(data)} bytes, and it takes "
            f"{LONGEST_DATA}: give the model a shorter modelName"
        )
    return data


def _size_of(data: dict[str, str]) -> int:
    return len(json.dumps(data, ensure_ascii=False).encode("utf-8"))
