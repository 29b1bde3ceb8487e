"""Handlers of the custom resource, called by the CDK's provider framework."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError
from cdk_tensorflow_shared.build_key import build_key

from . import aws
from .builds.denied_by_new_role import failed_too_early, may_be_too_new
from .builds.failure_message import failure_message
from .builds.project_builds import stop_build, stop_builds
from .builds.start import (
    find_build,
    note_queue,
    refuse_if_overdue,
    restart,
    start_build,
    start_later,
    stop_if_overdue,
)
from .checks.compatibility import check_compatibility, manifest_address
from .checks.version_check import check_version, goes_back, serves_already
from .documents.leases import hold, is_holder, prefix_of, release
from .documents.pruned_versions import refuse_pruned
from .errors import BusyAccountError, ModelError, SignatureError, SigningKeyError
from .events.announcements import announce_published
from .events.serving import MODES as LIVE_MODES
from .events.serving import announce_serving
from .keep_previous import (
    accepted,
    attempt_of,
    compares_with_serving,
    find_kept,
    keep_previous,
    keeps_previous,
    serving_of,
    was_refused,
)
from .stack_status import is_rolling_back
from .store import Store, delete_if_empty
from .versions.delivered import find_named, refuse_missing_upload
from .versions.records import find_record, find_served
from .versions.signing import ensure_signed

#: Maximum wait of a version check for concurrency in the account. A stack checks its functions in
#: parallel, and a new account runs ten at a time.
_BUSY_SECONDS = 600

Event: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[Event, Any], dict[str, Any]]


def _plainly(handler: Handler) -> Handler:
    """Report AWS's errors as one sentence."""

    @functools.wraps(handler)
    def wrapped(event: Event, context: Any) -> dict[str, Any]:
        try:
            return handler(event, context)
        except ClientError as error:
            raise ModelError(f"{error.operation_name} failed: {aws.sentence_of(error)}") from error
        except BotoCoreError as error:
            raise ModelError(f"AWS could not be asked: {error}") from error

    return wrapped


@_plainly
def on_event(event: Event, _context: Any) -> dict[str, Any]:
    """Find the requested version, or start the build that makes it.

    Returns:
        `Data` if nothing has to be built; otherwise `Build`, which `is_complete` gets back in its event, with an
        empty `Id` if the account has no capacity yet; or `CheckSince` if it has none for a version check.
    """
    answer: dict[str, Any] = {"PhysicalResourceId": _physical_id(event)}
    properties = event["ResourceProperties"]
    if event["RequestType"] == "Delete":
        _delete(event)
        return answer
    if properties["Mode"] == "bucket":
        return answer  # only its deletion does something
    if properties["Mode"] == "version_check":
        return answer | _begin_check(event)
    if properties["Mode"] == "compatibility":
        return answer | {"Data": _check_compatibility(event)}
    if properties["Mode"] in LIVE_MODES:
        announce_serving(event)
        return answer
    return answer | _find_or_start(event)


def _find_or_start(event: Event) -> dict[str, Any]:
    properties = event["ResourceProperties"]
    job = json.loads(properties["Job"])
    key, store, prefix = build_key(job), Store(properties["Bucket"]), properties["Model"]
    _stop_unneeded_builds(event, key)
    named = aws.patiently(lambda: find_named(properties, lambda: _is_rollback(event)))
    if named is not None:
        print(f"the delivery names version {named[1]['Version']}: nothing to build{_uncompared(job)}")
        _require_signature(event, named[1], is_named=True)
        return {"Data": _held(event, accepted(properties, named[1]))}
    refuse_missing_upload(properties)
    kept = aws.patiently(lambda: find_kept(event, key))
    if kept is not None:
        _require_signature(event, kept)
        return {"Data": _held(event, kept)}
    record = aws.patiently(lambda: find_record(store, prefix, key))
    if record is None:
        served = aws.patiently(lambda: find_served(store, prefix, key))
        # Versions from before records had marks serve a rollback, and no new deployment.
        record = served if served is not None and _is_rollback(event) else None
    if record is not None:
        print(f"version {record['Version']} was built with the key {key}: nothing to build{_uncompared(job)}")
        _tell_isolation(record)
        _require_signature(event, record)
        return {"Data": _held(event, accepted(properties, record))}
    text = json.dumps(job, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    # Written again if its locations are outdated: the key does not depend on them.
    aws.patiently(lambda: store.write(f"{prefix}/keys/{key}/job.json", lambda _: text))
    variables = aws.patiently(lambda: serving_of(event))
    build_id = start_build(properties["Project"], prefix, key, event["RequestId"], variables)
    if build_id:
        print(f"waits for the build {build_id} with the key {key}")
    return {"Build": {"Id": build_id or "", "Key": key, "Started": int(time.time())}}


def _tell_isolation(record: dict[str, str]) -> None:
    """Log how the model was isolated when it was opened: a layer may be missing where the build ran."""
    layers = record["Isolation"] or "not written down"
    print(f"layers of isolation of the model of version {record['Version']}, when it was opened: {layers}")


def _uncompared(job: dict[str, Any]) -> str:
    """Say that a version that goes live again is not compared with the one that serves."""
    return ", and notWorseThanServing is not applied to it again" if compares_with_serving(job) else ""


@_plainly
def is_complete(event: Event, _context: Any) -> dict[str, Any]:
    """Tell whether the build has ended, and with which version; a failed build ends the deployment."""
    build = event.get("Build")
    if event["RequestType"] != "Delete" and "CheckSince" in event:
        return {"IsComplete": _is_checked(event["ResourceProperties"], event["CheckSince"])}
    if event["RequestType"] == "Delete" or build is None:
        return {"IsComplete": True}
    try:
        return _poll(event, build)
    except (ClientError, BotoCoreError) as error:
        if aws.is_transient(error) or may_be_too_new(error, build["Started"]):
            return {"IsComplete": False}  # the next poll comes in seconds
        if build["Id"]:
            # The provider framework ignores the deletion after a failed creation, so nothing else stops the build.
            stop_build(build["Id"])
        raise


def _held(event: Event, data: dict[str, str]) -> dict[str, str]:
    """Return the data of a version, which its lease keeps from now on."""
    if is_holder(event["ResourceProperties"]):
        hold(event, data["ManifestKey"])
        refuse_pruned(Store(event["ResourceProperties"]["Bucket"]), data["ManifestKey"])
    return data


def _delete(event: Event) -> None:
    """Stop or delete what only this resource needs. Published models remain."""
    properties = event["ResourceProperties"]
    if is_holder(properties):
        _release(event)
    if properties["Mode"] == "build":
        stop_builds(properties["Project"])
    elif properties["Mode"] == "bucket":
        delete_if_empty(properties["Bucket"])


def _release(event: Event) -> None:
    properties = event["ResourceProperties"]
    try:
        prefix = properties["Model"] if properties["Mode"] == "build" else prefix_of(manifest_address(properties)[0])
    except ModelError as error:
        print(f"there is no lease to release: {error}")
        return
    release(event, prefix)


def _hold_import(event: Event) -> None:
    """Hold the lease of an imported model before its manifest is read."""
    properties, old = event["ResourceProperties"], event.get("OldResourceProperties", {})
    replaced = ""
    if old.get("Bucket") == properties["Bucket"]:
        # The version that a failed update named may be unusable; its rollback must not fail because of it.
        with contextlib.suppress(ModelError, KeyError):
            replaced = manifest_address(old)[0]
    hold(event, manifest_address(properties)[0], replaced)


def _stop_unneeded_builds(event: Event, key: str) -> None:
    """Stop builds that an update leaves behind.

    When another resource of the stack fails, CloudFormation cancels this one without an event; the rollback then
    updates it back, with the properties of the cancelled update as the old ones.
    """
    old = event.get("OldResourceProperties", {})
    if event["RequestType"] != "Update" or old.get("Mode") != "build":
        return
    unneeded, new = build_key(json.loads(old["Job"])), event["ResourceProperties"]
    if unneeded != key or old["Project"] != new["Project"] or attempt_of(old) != attempt_of(new):
        stop_builds(old["Project"], unneeded)


def _check_compatibility(event: Event) -> dict[str, str]:
    properties = event["ResourceProperties"]
    if is_holder(properties):
        _hold_import(event)
    try:
        return aws.patiently(lambda: check_compatibility(properties, lambda: _is_rollback(event)))
    except (SignatureError, SigningKeyError, ClientError) as error:
        _raise_unless_rolling_back(event, error, is_named=bool(properties.get("ManifestSha256")))
        return aws.patiently(lambda: check_compatibility(properties, lambda: True, verify=False))


def _require_signature(event: Event, record: dict[str, str], *, is_named: bool = False) -> None:
    try:
        aws.patiently(lambda: ensure_signed(event["ResourceProperties"], record, lambda: _is_rollback(event)))
    except (SignatureError, SigningKeyError, ClientError) as error:
        _raise_unless_rolling_back(event, error, is_named=is_named)


def _raise_unless_rolling_back(
    event: Event, error: SignatureError | SigningKeyError | ClientError, *, is_named: bool
) -> None:
    """Raise an error about a signature, except in a rollback to the version that served.

    Its signature was verified when it was deployed, and an error would leave the stack unable to go forward or back.

    Args:
        event: CloudFormation's request.
        error: The error.
        is_named: The properties have the manifest's SHA-256. If they do not, the version was found in the bucket, where
            an optimization job may have added a record since: then only an unusable key is no reason to fail.
    """
    if isinstance(error, ClientError):
        may_pass = error.operation_name in {"GetPublicKey", "Sign", "Verify"}
    else:
        may_pass = is_named or isinstance(error, SigningKeyError)
    if not (may_pass and _is_rollback(event)):
        raise error
    print(f"the stack rolls back to what it served, which was verified then: {error}")


def _is_rollback(event: Event) -> bool:
    return event["RequestType"] == "Update" and is_rolling_back(event["StackId"], if_unknown=False)


def _begin_check(event: Event) -> dict[str, Any]:
    properties = event["ResourceProperties"]
    if goes_back(event):
        print(f"{properties['FunctionVersion']} was asked before, and a rollback goes back to it: it is not asked")
        return {}
    if serves_already(event):
        print(f"{properties['FunctionVersion']} serves already: it is not asked")
        return {}
    since = int(time.time())
    return {} if _is_checked(properties, since) else {"CheckSince": since}


def _is_checked(properties: dict[str, Any], since: float) -> bool:
    """Check a version; False while the account has no concurrency for it."""
    try:
        check_version(properties)
    except BusyAccountError:
        if time.time() - since > _BUSY_SECONDS:
            raise
        return False
    return True


def _poll(event: Event, asked: dict[str, Any]) -> dict[str, Any]:
    properties, since = event["ResourceProperties"], asked["Started"]
    project, prefix = properties["Project"], properties["Model"]
    build_id = asked["Id"] or start_later(project, prefix, asked["Key"], event["RequestId"], since, serving_of(event))
    build = find_build(build_id) if build_id else None
    if build is not None and failed_too_early(build, since):
        build_id = restart(build, prefix, asked["Key"], event["RequestId"], since, serving_of(event))
        build = find_build(build_id) if build_id else None
    if not build_id:
        refuse_if_overdue(project, since)
        return {"IsComplete": False}
    if build is None or build["buildStatus"] == "IN_PROGRESS":
        stop_if_overdue(build_id, build, since)
        if build is not None:
            note_queue(build, since)
        return {"IsComplete": False}
    store = Store(properties["Bucket"])
    # Ignore what a failed build has left in the bucket, however complete it looks.
    record = find_record(store, prefix, asked["Key"]) if build["buildStatus"] == "SUCCEEDED" else None
    if record is not None:
        _tell_isolation(record)
        ensure_signed(properties, record, is_new=True)
        announce_published(event, asked["Key"], record)
        return {"IsComplete": True, "Data": _held(event, accepted(properties, record))}
    if keeps_previous(properties) and was_refused(store, prefix, build):
        kept = keep_previous(event, asked["Key"], build)
        ensure_signed(properties, kept)
        return {"IsComplete": True, "Data": _held(event, kept)}
    raise ModelError(failure_message(store, prefix, build))


def _physical_id(event: Event) -> str:
    """Return the same ID for the resource's whole life.

    If the ID changed with the version, CloudFormation would delete the old resource after each update.
    """
    if "PhysicalResourceId" in event:
        return str(event["PhysicalResourceId"])
    whose = f"{event['StackId']}/{event['LogicalResourceId']}"
    return f"tensorflow-model-{hashlib.sha256(whose.encode()).hexdigest()[:16]}"
