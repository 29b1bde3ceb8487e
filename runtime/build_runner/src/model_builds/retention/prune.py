"""The function that removes a model's old versions, then the reports of builds.

It announces each removal before it looks a second time for what needs the version (`pruned.py`, `leases.py`), so that
a deployment, or a rollback, that begins meanwhile is either seen here, or refuses the version itself.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from typing import Any

from ..documents import pruned_versions as pruned
from ..documents.leases import tell_deleted
from ..events.announcements import PRUNED, SCHEMA_VERSION, publish
from ..store import Store
from .inventory import list_builds, list_versions, remove_build, remove_version
from .needed_versions import needed_versions, recorded_refusals, why_not_now
from .rules import Retention, Version, reasons_to_keep, removable_builds

#: Most versions that one run removes: its event lists them all.
_MOST_VERSIONS = 500


@dataclasses.dataclass(frozen=True)
class Model:
    """Model whose versions a function prunes, as `lib/optimization/artifact/version-pruning.ts` writes it."""

    bucket: str
    prefix: str
    name: str
    format: str
    stackId: str  # noqa: N815 - the document's name
    versions: int
    ageSeconds: int  # noqa: N815 - the document's name
    parameters: list[str]

    @property
    def store(self) -> Store:
        """The bucket."""
        return Store(self.bucket)

    @property
    def retention(self) -> Retention:
        """Versions to keep besides those that are needed."""
        return Retention(self.versions, self.ageSeconds)

    def needed(self) -> dict[int, str]:
        """Return why each version that something names is kept."""
        return needed_versions(self.store, self.prefix, self.parameters)


def prune(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Remove what retention does not keep. With `{"dryRun": true}`, only list it.

    Returns:
        `pruned` and `builds`, what was removed, or would be; `kept`, with reasons; and `postponed`, why nothing was
        removed at this time, or an empty text.
    """
    model = Model(**json.loads(os.environ["RETENTION"]))
    is_dry = bool(event.get("dryRun"))
    postponed = why_not_now(model.stackId)
    if postponed and not is_dry:
        return _told({"pruned": [], "builds": [], "kept": [], "postponed": postponed})
    tell_deleted(model.store, model.prefix)
    versions = list_versions(model.store, model.prefix, model.format)
    reasons = reasons_to_keep(versions, model.needed(), model.retention, time.time())
    old = [version for version in versions if version.number not in reasons][:_MOST_VERSIONS]
    if not is_dry:
        old, more = _remove(model, old, str(context.aws_request_id))
        reasons |= more
    builds = _prune_builds(model, [version for version in versions if version not in old], is_dry=is_dry)
    answer = {
        "pruned": [{"version": str(entry.number), "manifestKey": entry.manifest_key} for entry in old],
        "builds": builds,
        "kept": [
            {"version": str(version.number), "reason": reasons[version.number]}
            for version in versions
            if version.number in reasons
        ],
        "postponed": postponed,
    }
    if not is_dry and (old or builds):
        _announce(model, answer)
    return _told(answer)


def _remove(model: Model, old: list[Version], run: str) -> tuple[list[Version], dict[int, str]]:
    """Remove versions; return those that were removed, and why the others were not."""
    store, prefix = model.store, model.prefix
    ours = [entry for entry in old if pruned.consider(store, entry.manifest_key, run)]
    reasons = {entry.number: "another run is removing it" for entry in old if entry not in ours}
    if not ours:
        return [], reasons
    # No endpoint starts to serve these versions from here on. Deployments that began before are seen now.
    busy = why_not_now(model.stackId)
    needed = model.needed()
    removed: list[Version] = []
    for version in ours:
        reason = busy or needed.get(version.number)
        if reason:
            pruned.withdraw(store, version.manifest_key)
            reasons[version.number] = reason
        else:
            pruned.confirm(store, version.manifest_key, run)
            remove_version(store, prefix, version)
            removed.append(version)
    return removed, reasons


def _prune_builds(model: Model, kept: list[Version], *, is_dry: bool) -> list[str]:
    store, prefix = model.store, model.prefix
    reports = [refusal.reportKey.removeprefix(f"{prefix}/builds/") for refusal in recorded_refusals(store, prefix)]
    named = [*(entry.build for entry in kept), *(report.partition("/")[0] for report in reports)]
    builds = removable_builds(list_builds(store, prefix), named, model.retention, time.time())
    if not is_dry:
        for build in builds:
            remove_build(store, prefix, build)
    return builds


def _announce(model: Model, answer: dict[str, Any]) -> None:
    detail = {
        "schemaVersion": SCHEMA_VERSION,
        "modelName": model.name,
        "modelPrefix": model.prefix,
        "bucket": model.bucket,
        "stackId": model.stackId,
        "versions": answer["pruned"],
        "builds": len(answer["builds"]),
    }
    publish(PRUNED, detail)


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    print(json.dumps(answer))
    return answer
