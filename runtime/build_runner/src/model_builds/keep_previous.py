"""Finds the version that serves, and keeps it if the gate refuses every candidate of a new job.

The kept version is recorded under the refused build key: after a refusal CloudFormation's old properties name the
refused job, and a rollback to them must return the same values as before.
"""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING, Any

from cdk_tensorflow_shared.build_key import build_key

from .builds.failure_message import console_url, failure_message, read_outcome, report_key
from .documents.kept_versions import Refusal, read_refusal, write_refusal
from .errors import ModelError, in_one_line, shorten
from .events.announcements import announce_refusal
from .stack_status import is_rolling_back
from .store import Store
from .versions.delivered import find_named
from .versions.records import find_served, find_version, to_data

if TYPE_CHECKING:
    from mypy_boto3_codebuild.type_defs import BuildTypeDef

#: The exit code of an optimization of which no candidate passed the gate.
_NO_CANDIDATE = 3
_INCOMPLETE = "what served before is not complete"
_LONGEST_REASON = 600
_LONGEST_ATTRIBUTE = 500
#: Value of the attribute `Refusal` if the requested model is served.
NOT_REFUSED = "none"


@dataclasses.dataclass(frozen=True)
class Previous:
    """The version that the stack served before this request."""

    build_key: str
    record: dict[str, str]


def keeps_previous(properties: dict[str, Any]) -> bool:
    """Tell whether a refusal must not fail the deployment."""
    return properties.get("OnRefusal") == "KEEP_PREVIOUS"


def attempt_of(properties: dict[str, Any]) -> str:
    """Return which attempt of its job a resource requests."""
    return str(properties.get("Attempt", "1"))


def accepted(properties: dict[str, Any], record: dict[str, str]) -> dict[str, str]:
    """Return a record as the data of a resource that serves the requested model."""
    return to_data(record, Refusal=NOT_REFUSED) if keeps_previous(properties) else record


def was_refused(store: Store, prefix: str, build: BuildTypeDef) -> bool:
    """Tell whether a build ended because no candidate passed the gate, and for no other reason."""
    outcome = read_outcome(store, prefix, build)
    return build["buildStatus"] == "FAILED" and outcome is not None and outcome.get("exitCode") == _NO_CANDIDATE


def keep_previous(event: dict[str, Any], key: str, build: BuildTypeDef) -> dict[str, str]:
    """Record that a build was refused, and return the previous version; fail if that cannot be kept.

    Args:
        event: The update.
        key: Build key of the refused job.
        build: The refused build.
    """
    properties = event["ResourceProperties"]
    store, prefix = Store(properties["Bucket"]), properties["Model"]
    previous = find_previous(event)
    problem = previous if isinstance(previous, str) else _misfit(store, previous, properties)
    if problem or isinstance(previous, str):
        raise ModelError(failure_message(store, prefix, build, f"No version can be kept: {problem}."))
    outcome = read_outcome(store, prefix, build) or {}
    refusal = Refusal(
        attempt=attempt_of(properties),
        reason=shorten(in_one_line(str(outcome.get("sentence", ""))), _LONGEST_REASON),
        reportKey=report_key(store, prefix, build),
        buildUrl=console_url(build),
        refusedAt=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time())),
        keptBuildKey=previous.build_key,
        keptVersion=previous.record["Version"],
    )
    write_refusal(store, prefix, key, refusal)
    announce_refusal(event, key, refusal, previous.record, failure_message(store, prefix, build))
    return _data(store, previous.record, refusal, key)


def find_kept(event: dict[str, Any], key: str) -> dict[str, str] | None:
    """Return the version that is kept instead of a job whose attempt was refused before; None if it was not.

    A rollback gets the recorded version. A deployment that names a refused job again, after another one has served,
    keeps that other one.
    """
    properties = event["ResourceProperties"]
    store, prefix = Store(properties["Bucket"]), properties["Model"]
    refusal = read_refusal(store, prefix, key, attempt_of(properties)) if keeps_previous(properties) else None
    if refusal is None:
        return None
    previous = find_previous(event)
    if isinstance(previous, Previous) and not _is_kept(previous, refusal) and not is_rolling_back(event["StackId"]):
        return _keep_newer(event, key, refusal, previous)
    record = find_version(store, prefix, refusal.keptBuildKey, refusal.keptVersion)
    if record is None:
        raise ModelError(
            f"version {refusal.keptVersion}, which is kept because a newer model was refused ({refusal.reason}), is "
            f"not complete in {store.address(prefix)} any more: raise attempt to optimize the newer model again"
        )
    print(f"the job with the key {key} was refused before: version {refusal.keptVersion} is kept, nothing to build")
    return _data(store, record, refusal, key)


def _keep_newer(event: dict[str, Any], key: str, recorded: Refusal, previous: Previous) -> dict[str, str]:
    properties = event["ResourceProperties"]
    store, prefix = Store(properties["Bucket"]), properties["Model"]
    problem = _misfit(store, previous, properties)
    if problem:
        raise ModelError(f"this model was refused before ({recorded.reason}), and no version can be kept: {problem}")
    version = previous.record["Version"]
    refusal = dataclasses.replace(recorded, keptBuildKey=previous.build_key, keptVersion=version)
    write_refusal(store, prefix, key, refusal)
    if previous.build_key != key:
        announce_refusal(event, key, refusal, previous.record, refusal.reason)
    print(f"the job with the key {key} was refused before: version {version}, which serves, is kept, nothing to build")
    return _data(store, previous.record, refusal, key)


def find_previous(event: dict[str, Any]) -> Previous | str:
    """Return the version that the old properties returned, or why there is none."""
    new, old = event["ResourceProperties"], event.get("OldResourceProperties", {})
    if event["RequestType"] != "Update" or old.get("Mode") != "build":
        return "this is the first deployment of the model, and none has served"
    store, prefix = Store(new["Bucket"]), new["Model"]
    if (old["Bucket"], old["Model"]) != (new["Bucket"], new["Model"]):
        return (
            f"the model moves with this deployment from s3://{old['Bucket']}/{old['Model']}/ to "
            f"{store.address(prefix)}/, and what served lies there; move it without another change first"
        )
    named = find_named(old)
    if named is not None:
        return Previous(*named)
    key = build_key(json.loads(old["Job"]))
    refusal = read_refusal(store, prefix, key, attempt_of(old)) if keeps_previous(old) else None
    if refusal is None:
        record = find_served(store, prefix, key)
    else:
        key = refusal.keptBuildKey
        record = find_version(store, prefix, key, refusal.keptVersion)
    return f"{_INCOMPLETE} in {store.address(prefix)}/ any more" if record is None else Previous(key, record)


def serving_of(event: dict[str, Any]) -> dict[str, str]:
    """Return the variables of a build whose gate compares with the version that serves; none if none serves."""
    job = json.loads(event["ResourceProperties"]["Job"])
    if not compares_with_serving(job):
        return {}
    previous = find_previous(event)
    if isinstance(previous, Previous):
        return {
            "SERVING_MANIFEST_KEY": previous.record["ManifestKey"],
            "SERVING_MANIFEST_SHA256": previous.record["ManifestSha256"],
        }
    if previous.startswith(_INCOMPLETE):
        raise ModelError(
            f"the gate has notWorseThanServing, and {previous}: leave that rule out for the next deployment"
        )
    print(f"the gate's notWorseThanServing passes: {previous}")
    return {}


def compares_with_serving(job: dict[str, Any]) -> bool:
    """Tell whether a job's gate has a rule on the version that serves."""
    return any(rule["rule"] == "notWorseThanServing" for rule in (job.get("gate") or {}).get("rules", []))


def _is_kept(previous: Previous, refusal: Refusal) -> bool:
    return (previous.build_key, previous.record["Version"]) == (refusal.keptBuildKey, refusal.keptVersion)


def _misfit(store: Store, previous: Previous, properties: dict[str, Any]) -> str:
    """Return why the previous version cannot replace the new job's model; empty if it can."""
    job, record = json.loads(properties["Job"]), previous.record
    manifest = store.read_document(record["ManifestKey"]) or {}
    for name in ("format", "architecture"):
        if manifest.get(name) != job[name]:
            return f"version {record['Version']} has the {name} {manifest.get(name)}, and {job[name]} is asked for now"
    if job.get("server") and not record["ServerKey"]:
        return f"version {record['Version']} was published without a server, and one is asked for now"
    return ""


def _data(store: Store, record: dict[str, str], refusal: Refusal, key: str) -> dict[str, str]:
    if refusal.keptBuildKey == key:  # accepted at another attempt
        return to_data(record, Refusal=NOT_REFUSED)
    report = f" Report: {store.address(refusal.reportKey)}" if refusal.reportKey else f" Build: {refusal.buildUrl}"
    said = f"Version {refusal.keptVersion} is kept, the new model was refused: "
    room = _LONGEST_ATTRIBUTE - len((said + report).encode("utf-8")) - 1
    return to_data(record, Refusal=f"{said}{shorten(refusal.reason.rstrip('.'), room)}.{report}")
