"""A model with several versions, and the function that prunes it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from index import prune
from model_builds import aws
from model_builds.retention.inventory import list_versions
from model_builds.store import Store
from published_models import BUCKET, PREFIX
from refused_models import STACK_ID, job, properties

if TYPE_CHECKING:
    import pytest
    from conftest import Clock
    from mypy_boto3_s3 import S3Client
    from refused_models import Deployments, Properties

DAY = 86_400
POINTER = "/models/digits"


def leased(seed: int, **changes: Any) -> Properties:
    """Return what the template says of one of the models of an optimizer with retention."""
    found = properties(job(seed), Lease="true", **changes)
    if "OnRefusal" not in changes:
        del found["OnRefusal"]
    return found


class Pruning:
    """The function, with versions that a stack has deployed one after another."""

    def __init__(self, stack: Deployments, s3: S3Client, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stack, self.s3, self._clock, self._patch = stack, s3, clock, monkeypatch
        self._runs = 0
        self.set(versions=2, age=DAY)
        self.wait(0)

    def set(self, versions: int, age: int, parameters: tuple[str, ...] = ()) -> None:
        """Set what is kept."""
        settings = {
            "bucket": BUCKET,
            "prefix": PREFIX,
            "name": "digits",
            "format": "litert",
            "stackId": STACK_ID,
            "versions": versions,
            "ageSeconds": age,
            "parameters": list(parameters),
        }
        self._patch.setenv("RETENTION", json.dumps(settings))

    def wait(self, days: float) -> None:
        """Let time pass since now: objects are as young as they really are."""
        self._clock.now = datetime.now(UTC).timestamp() + days * DAY

    def deploy(self, *seeds: int) -> list[dict[str, str]]:
        """Deploy models, each of which becomes the version of its number."""
        return [self.stack.deploy(leased(seed), seed) for seed in seeds]

    def run(self, **event: Any) -> dict[str, Any]:
        """Run the function while the stack is settled."""
        self._runs += 1
        before, self.stack.status = self.stack.status, "UPDATE_COMPLETE"
        try:
            return prune(event, SimpleNamespace(aws_request_id=f"run-{self._runs}"))
        finally:
            self.stack.status = before

    def pruned(self, **event: Any) -> list[str]:
        """Run it, and return which versions it removed."""
        return [entry["version"] for entry in self.run(**event)["pruned"]]

    @property
    def left(self) -> list[int]:
        """Numbers of the versions that have a manifest."""
        return [version.number for version in list_versions(Store(BUCKET), PREFIX, "litert") if version.has_manifest]

    def traces_of(self, version: int) -> list[str]:
        """Keys of everything that is left of a version, old object versions and markers included."""
        answer = self.s3.list_object_versions(Bucket=BUCKET, Prefix=f"{PREFIX}/")
        keys = {item["Key"] for kind in ("Versions", "DeleteMarkers") for item in answer.get(kind, [])}  # type: ignore[attr-defined]
        ends = (f"/golden/{version}.json", f"/archive/{version}.tar.gz")
        return sorted(
            key
            for key in keys
            if f"/litert/{version}/" in key
            or key.endswith(ends)
            or (f"{PREFIX}/keys/" in key and key.endswith(f"/{version}.json"))
        )

    def mark_of(self, version: int) -> dict[str, Any] | None:
        """Return the document that says that a version was removed."""
        return Store(BUCKET).read_document(f"{PREFIX}/pruned/{version}.json")

    def name_in_parameter(self, value: Any) -> None:
        """Write a value into the parameter that points to the live version."""
        text = value if isinstance(value, str) else json.dumps(value)
        aws.ssm().put_parameter(Name=POINTER, Value=text, Type="String", Overwrite=True)
